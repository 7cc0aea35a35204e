/**
 * Transposes move down through operators that do not care about the order of dimensions until they meet their inverse,
 * turn into a Reshape (when only dimensions of size 1 move), or reach an operator that does care.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { AttributeValue, Node } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import { behaviourOf } from '../../ops/index.js';
import { addReshape } from '../../ops/shared/rewrite.js';
import { permute } from '../../reference/source.js';
import type { Pass } from './pass.js';
import {
  addTransposed,
  compose,
  inverse,
  isIdentity,
  isTranspose,
  type Permutation,
  permOf,
  permuteShape,
  transposeNode,
} from './transposes.js';

const BINARY = new Set(['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max', 'Pow']);
const UNARY = new Set(['QuantizeLinear', 'Cast', 'Requantize', 'SignShift', 'Table', 'Exp', 'Sqrt', 'Neg', 'Abs']);

export const sinkTransposes: Pass = {
  name: 'sink-transposes',
  run(editor) {
    const queue = editor.nodes.filter((node) => isTranspose(node)).map((node) => node.outputs[0]!);
    while (queue.length > 0) {
      const node = editor.producer(queue.shift()!);
      if (isTranspose(node)) queue.push(...step(editor, node));
    }
  },
};

/** Simplifies or sinks one Transpose; returns the outputs of Transposes that are worth another look. */
function step(editor: GraphEditor, node: Node): string[] {
  const above = editor.producer(node.inputs[0]!);
  if (isTranspose(above)) {
    const perm = compose(permOf(above), permOf(node));
    editor.updateNode(node, { inputs: [above.inputs[0]!], attributes: { perm } });
    return [node.outputs[0]!];
  }
  const perm = permOf(node);
  const input = editor.value(node.inputs[0]!);
  if (isIdentity(perm) || onlyMovesOnes(input.shape, perm)) {
    editor.updateNode(node, { op: 'Reshape', attributes: {} });
    return throughReshape(editor, node);
  }
  if (editor.isGraphOutput(node.outputs[0]!)) return [];
  const again: string[] = [];
  for (const reader of editor.consumers(node.outputs[0]!)) {
    if (isTranspose(reader)) again.push(reader.outputs[0]!);
    else if (editor.has(reader)) again.push(...sink(editor, node, reader));
  }
  return again;
}

/** The node has become a Reshape: a Transpose that waits above it, or below, may now get through. */
function throughReshape(editor: GraphEditor, node: Node): string[] {
  const above = editor.producer(node.inputs[0]!);
  const below = editor.consumers(node.outputs[0]!).filter((reader) => isTranspose(reader));
  return [...(isTranspose(above) ? [above.outputs[0]!] : []), ...below.map((reader) => reader.outputs[0]!)];
}

function onlyMovesOnes(shape: readonly number[], perm: Permutation): boolean {
  const real = perm.filter((p) => shape[p] !== 1);
  return real.every((p, i) => i === 0 || real[i - 1]! < p);
}

/** Moves `transpose` below `reader` if that is possible; returns the outputs of the new Transposes. */
function sink(editor: GraphEditor, transpose: Node, reader: Node): string[] {
  const perm = permOf(transpose);
  const before = transpose.inputs[0]!;
  if (reader.op === 'Reshape' && reader.domain === '') return sinkBelowReshape(editor, transpose, reader);
  if (BINARY.has(reader.op) && reader.domain === '') return sinkBelowBinary(editor, perm, reader);
  if (reader.op === 'Concat') {
    const inputs = reader.inputs.map((name) => beforeTranspose(editor, name, perm));
    if (inputs.includes(undefined)) return [];
    return replace(
      editor,
      reader,
      inputs as string[],
      { axis: perm[positive(reader.attributes.axis, perm.length)]! },
      perm,
    );
  }
  if (reader.inputs[0] !== transpose.outputs[0]) return [];
  const inputs = [before, ...reader.inputs.slice(1)];
  switch (reader.op) {
    case 'Softmax':
    case 'Split':
      return replace(
        editor,
        reader,
        inputs,
        { axis: perm[positive(reader.attributes.axis ?? -1, perm.length)]! },
        perm,
      );
    case 'Slice':
      return replace(
        editor,
        reader,
        inputs,
        { axes: (reader.attributes.axes as number[]).map((axis) => perm[axis]!) },
        perm,
      );
    case 'Pad': {
      const pads = reader.attributes.pads as readonly number[];
      const back = inverse(perm);
      const moved = [...back, ...back.map((axis) => axis + perm.length)].map((from) => pads[from]!);
      return replace(editor, reader, inputs, { pads: moved }, perm);
    }
    case 'DynamicQuantizeLinear':
      return replace(editor, reader, inputs, {}, perm, 1);
    case 'ReduceMean':
    case 'ReduceSum':
    case 'ReduceMax':
    case 'ReduceMin':
      return sinkBelowReduce(editor, perm, reader, inputs);
    default: {
      const unary = UNARY.has(reader.op) || behaviourOf(reader) === 'table';
      return unary ? replace(editor, reader, inputs, {}, perm) : [];
    }
  }
}

function positive(axis: AttributeValue | undefined, rank: number): number {
  const number = Number(axis);
  return number < 0 ? number + rank : number;
}

/** The value that `name` is a Transpose by `perm` of. */
function beforeTranspose(editor: GraphEditor, name: string, perm: Permutation): string | undefined {
  const node = editor.producer(name);
  return isTranspose(node) && permOf(node).join() === perm.join() ? node.inputs[0]! : undefined;
}

/** `reader` works on the untransposed inputs; its outputs, or the first `count` of them, are transposed instead. */
function replace(
  editor: GraphEditor,
  reader: Node,
  inputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>>,
  perm: Permutation,
  count = reader.outputs.length,
): string[] {
  const back = inverse(perm);
  const [turned, others] = [reader.outputs.slice(0, count), reader.outputs.slice(count)];
  const outputs = turned.map((name) => addTransposed(editor, editor.value(name), back, '__moved'));
  editor.replaceNode(
    reader,
    { ...reader, inputs, outputs: [...outputs, ...others], attributes: { ...reader.attributes, ...attributes } },
    ...turned.map((name, index) => transposeNode(editor, outputs[index]!, name, perm)),
  );
  return turned;
}

function sinkBelowBinary(editor: GraphEditor, perm: Permutation, reader: Node): string[] {
  const rank = editor.value(reader.outputs[0]!).shape.length;
  if (rank !== perm.length) return [];
  const inputs = reader.inputs.map((name) => {
    const value = editor.value(name);
    if (elementCount(value.shape) === 1 && value.shape.length <= rank) return name;
    const before = beforeTranspose(editor, name, perm);
    if (before !== undefined) return before;
    const shape = [...Array<number>(rank - value.shape.length).fill(1), ...value.shape];
    const back = inverse(perm);
    if (value.constant === undefined) {
      // A factor for each channel, as squeeze-and-excitation has it: another view of the same bytes.
      return onlyMovesOnes(shape, back) ? addReshape(editor, name, permuteShape(shape, back), '__moved') : undefined;
    }
    const tensor = {
      ...value.constant,
      shape: permuteShape(shape, back),
      data: permute(value.constant.data, shape, back),
    };
    const quantization = value.quantization === undefined ? {} : { quantization: value.quantization };
    return editor.addConstant(`${name}__moved`, tensor, quantization);
  });
  if (inputs.includes(undefined)) return [];
  return replace(editor, reader, inputs as string[], {}, perm);
}

function sinkBelowReduce(editor: GraphEditor, perm: Permutation, reader: Node, inputs: readonly string[]): string[] {
  const axes = (reader.attributes.axes as readonly number[]).map((axis) => positive(axis, perm.length));
  const moved = axes.map((axis) => perm[axis]!);
  // Float sums depend on their order, which must stay that of the reference.
  const ascending = moved.every((axis, i) => i === 0 || moved[i - 1]! < axis);
  if (!ascending && editor.value(reader.outputs[0]!).dtype === 'float32') return [];
  moved.sort((a, b) => a - b);
  if (Number(reader.attributes.keepdims ?? 1) === 1) return replace(editor, reader, inputs, { axes: moved }, perm);
  const left = perm.map((_, axis) => axis).filter((axis) => !moved.includes(axis));
  const kept = perm.filter((_, axis) => !axes.includes(axis)).map((axis) => left.indexOf(axis));
  return replace(editor, reader, inputs, { axes: moved }, kept);
}

/** A Reshape that only adds or removes dimensions of size 1 lets the Transpose through. */
function sinkBelowReshape(editor: GraphEditor, transpose: Node, reshape: Node): string[] {
  const perm = permOf(transpose);
  const input = editor.value(transpose.inputs[0]!);
  const output = editor.value(reshape.outputs[0]!);
  // Dimensions larger than 1, as the Transpose writes them: indices into its input.
  const real = perm.filter((p) => input.shape[p] !== 1);
  const target = output.shape.map((size, axis) => ({ size, axis })).filter(({ size }) => size !== 1);
  if (real.length !== target.length || target.some(({ size }, i) => size !== input.shape[real[i]!])) return [];
  // The reshaped input has the output's ones first, then its real dimensions in their own order.
  const ones = output.shape.map((_, axis) => axis).filter((axis) => output.shape[axis] === 1);
  const order = [...real].sort((a, b) => a - b);
  const position = new Map<number, number>();
  ones.forEach((axis, i) => {
    position.set(axis, i);
  });
  target.forEach(({ axis }, i) => {
    position.set(axis, ones.length + order.indexOf(real[i]!));
  });
  const newPerm = output.shape.map((_, axis) => position.get(axis)!);
  const middle = addTransposed(editor, output, inverse(newPerm), '__moved');
  editor.replaceNode(
    reshape,
    { ...reshape, inputs: [input.name], outputs: [middle] },
    transposeNode(editor, middle, output.name, newPerm),
  );
  return [output.name];
}
