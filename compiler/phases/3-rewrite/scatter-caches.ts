/**
 * ScatterND and ScatterElements that replace the row at one computed position become CacheUpdate, as `index_copy_`, `index_put_` and
 * `cache[:, :, position] = row` are exported:
 *
 *     ScatterND(past, indices, row)             one tuple of indices, or tuples that name a row of every block: Concat(0, 1 .., position)
 *     ScatterElements(past, Expand(position), row, axis)
 *     Transpose(ScatterND(Transpose(past), position, Transpose(row)))
 *
 * ONNX counts negative positions from the end, and so does the CacheUpdate (`from_end`).
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import { isOp } from './chains.js';
import type { Pass } from './pass.js';
import { inverse, isTranspose, permOf, permuteShape, transposeNode } from './transposes.js';

export const scatterCaches: Pass = {
  name: 'scatter-caches',
  run(editor) {
    for (const node of editor.nodes) {
      if (!editor.has(node)) continue;
      const row = isOp(node, 'ScatterND') ? rowOfTuples(editor, node) : rowOfElements(editor, node);
      if (row !== undefined) update(editor, node, row);
    }
  },
};

interface Row {
  readonly axis: number;
  /** The value with the position, one integer. */
  readonly position: string;
}

function update(editor: GraphEditor, node: Node, { axis, position }: Row): void {
  const [past, , row] = node.inputs as [string, string, string];
  const updated = {
    ...node,
    op: 'CacheUpdate',
    domain: 'ai.nanoc',
    inputs: [past, row, position],
    attributes: { axis, from_end: 1 },
  };
  editor.replaceNode(node, updated);
  throughTransposes(editor, updated);
}

/** The cache in the layout of the state: nothing of it is transposed, only the row. */
function throughTransposes(editor: GraphEditor, node: Node): void {
  const [from, row, position] = node.inputs as [string, string, string];
  const before = editor.producer(from);
  if (!isTranspose(before)) return;
  const perm = permOf(before);
  const back = inverse(perm).join();
  const output = node.outputs[0]!;
  const after = editor.consumers(output).find((reader) => isTranspose(reader) && permOf(reader).join() === back);
  if (after === undefined || editor.isGraphOutput(output)) return;
  const axis = Number(node.attributes.axis);
  const present = after.outputs[0]!;
  const shape = editor.value(from).shape.map((size, i) => (i === axis ? 1 : size));
  const { source: _, constant: __, ...value } = editor.value(row);
  const whole = editor.addValue({ ...value, name: `${row}_row`, shape });
  const turned = editor.addValue({ ...value, name: `${row}_turned`, shape: permuteShape(shape, inverse(perm)) });
  editor.removeNode(after);
  editor.replaceNode(
    node,
    { name: whole, op: 'Reshape', domain: '', inputs: [row], outputs: [whole], attributes: {} },
    transposeNode(editor, whole, turned, inverse(perm)),
    {
      ...node,
      inputs: [before.inputs[0]!, turned, position],
      outputs: [present],
      attributes: { ...node.attributes, axis: perm[axis]! },
    },
  );
  if (editor.consumers(output).length > 0) editor.addNode(transposeNode(editor, present, output, perm));
}

/** The row that tuples of indices name, when one index is the position and the others count through their dimensions. */
function rowOfTuples(editor: GraphEditor, node: Node): Row | undefined {
  const { shape } = editor.value(node.inputs[0]!);
  const indices = editor.value(node.inputs[1]!);
  const depth = indices.shape.at(-1)!;
  const tuples = elementCount(indices.shape) / depth;
  if (depth === 1) return rowAt(editor, indices.name, 0, tuples);
  const join = editor.producer(indices.name);
  if (!isOp(join, 'Concat') || join.inputs.length !== depth) return undefined;
  if (join.inputs.some((name) => editor.value(name).shape.at(-1) !== 1)) return undefined;
  const computed = join.inputs.flatMap((name, axis) => (editor.value(name).constant === undefined ? [axis] : []));
  const [axis] = computed;
  if (axis === undefined || computed.length !== 1) return undefined;
  const others = shape.slice(0, depth).map((size, i) => (i === axis ? 1 : size));
  if (elementCount(others) !== tuples) return undefined;
  const counts = join.inputs.every((name, i) => i === axis || countsThrough(editor, name, others, i));
  const position = counts ? singleInteger(editor, join.inputs[axis]!) : undefined;
  return position === undefined ? undefined : { axis, position };
}

/** Whether the constant holds coordinate `axis` of every element of `shape` in row-major order. */
function countsThrough(editor: GraphEditor, name: string, shape: readonly number[], axis: number): boolean {
  const { data } = editor.value(name).constant!;
  const step = elementCount(shape.slice(axis + 1));
  const size = shape[axis]!;
  return Array.from(data as Int32Array, Number).every((value, i) => value === Math.floor(i / step) % size);
}

function rowOfElements(editor: GraphEditor, node: Node): Row | undefined {
  if (!isOp(node, 'ScatterElements')) return undefined;
  const { shape } = editor.value(node.inputs[0]!);
  const indices = editor.value(node.inputs[1]!);
  const axis = (Number(node.attributes.axis ?? 0) + shape.length) % shape.length;
  const isRow = indices.shape.every((size, i) => size === (i === axis ? 1 : shape[i]!));
  const position = isRow ? singleInteger(editor, indices.name) : undefined;
  return position === undefined ? undefined : { axis, position };
}

function rowAt(editor: GraphEditor, name: string, axis: number, tuples: number): Row | undefined {
  const position = tuples === 1 ? singleInteger(editor, name) : undefined;
  return position === undefined ? undefined : { axis, position };
}

/** The computed integer that every element of the value is a copy of. */
function singleInteger(editor: GraphEditor, name: string): string | undefined {
  let value = editor.value(name);
  while (elementCount(value.shape) !== 1) {
    const node = editor.producer(value.name);
    if (!isOp(node, 'Expand') && !isOp(node, 'Reshape') && !isOp(node, 'Tile')) return undefined;
    value = editor.value(node.inputs[0]!);
  }
  return value.constant === undefined ? value.name : undefined;
}
