/** Comparisons and logic: they are part of shape arithmetic, so the compiler computes them; there are no kernels. */
import { elementCount, type Tensor } from '../../ir/tensor.js';
import { defineOp, type NodeView, type OperatorDefinition } from '../define.js';
import { broadcastShapes, broadcastStrides, forEachOffset } from './shapes.js';

type Element = number | bigint;

/** An operator of two inputs of one type with a bool result. */
export function defineComparison(
  name: string,
  opsets: readonly number[],
  holds: (a: Element, b: Element) => boolean,
): OperatorDefinition {
  return defineOp({
    name,
    domain: '',
    opsets,
    summary: 'where the compiler knows the inputs (shape arithmetic)',
    inputs: [{ name: 'A' }, { name: 'B' }],
    outputs: ['C'],
    attributes: {},
    quantized: 'float',
    infer: (view) => {
      const [a, b] = [view.required(0), view.required(1)];
      if (a.dtype !== b.dtype) view.bad(`the inputs are ${a.dtype} and ${b.dtype}`, { expected: 'one type' });
      return [{ dtype: 'bool', shape: broadcastShapes(view, a.shape, b.shape) }];
    },
    evaluate: (view, [a, b]) => [compare(view, a!, b!, holds)],
  });
}

function compare(view: NodeView, a: Tensor, b: Tensor, holds: (a: Element, b: Element) => boolean): Tensor {
  const { shape } = view.output(0);
  const data = new Uint8Array(elementCount(shape));
  forEachOffset(shape, [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)], (position, [i, j]) => {
    data[position] = holds(a.data[i!]!, b.data[j!]!) ? 1 : 0;
  });
  return { dtype: 'bool', shape, data };
}
