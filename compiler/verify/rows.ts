/** Rows of tensors along an axis. */
import { type Graph, valueOf } from '../ir/graph.js';
import type { Tensor } from '../ir/tensor.js';
import { operatorOf } from '../ops/index.js';
import { viewNode } from '../ops/node-view.js';

/** Tensors one behind the other along an axis. */
export function joinedRows(tensors: readonly Tensor[], axis: number): Tensor {
  const shape = tensors[0]!.shape.map((size, i) => (i === axis ? size * tensors.length : size));
  const inputs = tensors.map((_, i) => `in${i}`);
  return run('Concat', inputs, tensors, shape, { axis });
}

/** Indices of an axis from `from` to `to`, not included. */
export function rowsOf(tensor: Tensor, axis: number, from: number, to: number): Tensor {
  const shape = tensor.shape.map((size, i) => (i === axis ? to - from : size));
  return run('Slice', ['in0'], [tensor], shape, { starts: [from], ends: [to], axes: [axis], steps: [1] });
}

/** An operator by itself. */
function run(
  op: string,
  inputs: readonly string[],
  tensors: readonly Tensor[],
  shape: readonly number[],
  attributes: Readonly<Record<string, number | readonly number[]>>,
): Tensor {
  const node = { name: op, op, domain: '', inputs, outputs: ['out'], attributes };
  const { dtype } = tensors[0]!;
  const values = new Map([
    ...tensors.map((tensor, i) => [inputs[i]!, { name: inputs[i]!, dtype, shape: tensor.shape }] as const),
    ['out', { name: 'out', dtype, shape }] as const,
  ]);
  const graph: Graph = {
    name: op,
    inputs,
    outputs: ['out'],
    values,
    nodes: [node],
    opsets: new Map([['', 17]]),
    states: [],
  };
  const operator = operatorOf(node);
  const [result] = operator.evaluate!(viewNode(graph, node, operator), tensors);
  return { ...result!, shape: valueOf(graph, 'out').shape };
}
