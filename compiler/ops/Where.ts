import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { broadcastShapes, broadcastStrides, forEachOffset } from './shared/shapes.js';

export default defineOp({
  name: 'Where',
  domain: '',
  opsets: [9, 16],
  summary: 'where the compiler knows the inputs (shape arithmetic)',
  inputs: [{ name: 'condition' }, { name: 'X' }, { name: 'Y' }],
  outputs: ['output'],
  attributes: {},
  quantized: 'float',
  infer(view) {
    const [condition, x, y] = [view.required(0), view.required(1), view.required(2)];
    if (condition.dtype !== 'bool') view.bad(`"${condition.name}" is ${condition.dtype}`, { expected: 'bool' });
    if (x.dtype !== y.dtype) view.bad(`the choices are ${x.dtype} and ${y.dtype}`, { expected: 'one type' });
    const choices = broadcastShapes(view, x.shape, y.shape);
    return [{ dtype: x.dtype, shape: broadcastShapes(view, condition.shape, choices) }];
  },
  evaluate: (view, [condition, x, y]) => [choose(view, condition!, x!, y!)],
});

function choose(view: NodeView, condition: Tensor, x: Tensor, y: Tensor): Tensor {
  const { shape } = view.output(0);
  const data = allocate(x.dtype, elementCount(shape));
  const strides = [condition, x, y].map((tensor) => broadcastStrides(tensor.shape, shape));
  forEachOffset(shape, strides, (position, [c, i, j]) => {
    data[position] = condition.data[c!] ? x.data[i!]! : y.data[j!]!;
  });
  return { dtype: x.dtype, shape, data };
}
