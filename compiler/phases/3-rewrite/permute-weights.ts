/** Transpose -> flatten -> MatMul with constant weights: the rows of the weights are permuted instead of the activations. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { allocate, elementCount, type Tensor } from '../../ir/tensor.js';
import { permute } from '../../reference/source.js';
import type { Pass } from './pass.js';
import { isTranspose, permOf } from './transposes.js';

export const permuteWeights: Pass = {
  name: 'permute-weights',
  run(editor) {
    for (const node of editor.nodes) if (node.op === 'MatMul' && node.domain === '') permuteRows(editor, node);
  },
};

function permuteRows(editor: GraphEditor, node: Node): void {
  const a = editor.value(node.inputs[0]!);
  const b = editor.value(node.inputs[1]!);
  const reshape = editor.producer(a.name);
  if (reshape?.op !== 'Reshape' || b.constant === undefined || b.shape.length !== 2 || a.shape.length !== 2) return;
  const transpose = editor.producer(reshape.inputs[0]!);
  if (!isTranspose(transpose)) return;
  const input = editor.value(transpose.inputs[0]!);
  const perm = permOf(transpose);
  const [batch, ...rest] = input.shape;
  if (perm[0] !== 0 || a.shape[0] !== batch || elementCount(rest) !== a.shape[1]) return;
  // The sum of floats depends on their order: theirs stays.
  if (b.dtype === 'float32') return;
  if ((b.quantization?.scale.length ?? 1) > 1 && b.quantization?.axis === 0) return;
  const indices = Int32Array.from({ length: a.shape[1]! }, (_, i) => i);
  const rows = permute(
    indices,
    rest,
    perm.slice(1).map((p) => p - 1),
  );
  const name = editor.addValue({ ...withoutSource(a), name: `${a.name}__moved` });
  editor.addNode({ ...reshape, name: `${reshape.name}__moved`, inputs: [input.name], outputs: [name] });
  const quantization = b.quantization === undefined ? {} : { quantization: b.quantization };
  const weights = editor.addConstant(`${b.name}__rows`, permuteTensor(b.constant, rows), quantization);
  editor.updateNode(node, { inputs: [name, weights, ...node.inputs.slice(2)] });
}

function withoutSource<T extends { source?: unknown }>(value: T): Omit<T, 'source'> {
  const { source: _, ...rest } = value;
  return rest;
}

/** Row rows[k] of the result is row k of `tensor`. */
function permuteTensor(tensor: Tensor, rows: Int32Array): Tensor {
  const columns = tensor.shape[1]!;
  const data = allocate(tensor.dtype, tensor.data.length);
  rows.forEach((row, k) => {
    for (let column = 0; column < columns; column += 1)
      data[row * columns + column] = tensor.data[k * columns + column]!;
  });
  return { ...tensor, data };
}
