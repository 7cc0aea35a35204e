import { allocate, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';

export default defineOp({
  name: 'Range',
  domain: '',
  opsets: [11],
  summary: 'constant bounds: becomes a constant',
  inputs: [
    { name: 'start', mustBeConstant: true },
    { name: 'limit', mustBeConstant: true },
    { name: 'delta', mustBeConstant: true },
  ],
  outputs: ['output'],
  attributes: {},
  quantized: 'float',
  infer(view) {
    const { dtype } = view.required(0);
    const [start, limit, delta] = [0, 1, 2].map((index) => Number(view.required(index).constant!.data[0])) as [
      number,
      number,
      number,
    ];
    if (delta === 0) view.bad('the step is 0');
    return [{ dtype, shape: [Math.max(Math.ceil((limit - start) / delta), 0)] }];
  },
  evaluate: (view, [start, , delta]) => [counted(view, start!, delta!)],
});

/** start, start + delta, start + 2 delta ...: each element is one product and one sum. */
function counted(view: NodeView, start: Tensor, delta: Tensor): Tensor {
  const { dtype, shape } = view.output(0);
  const data = allocate(dtype, shape[0]!);
  for (let i = 0; i < data.length; i += 1) {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
      data[i] = (start.data[0] as bigint) + BigInt(i) * (delta.data[0] as bigint);
    } else {
      // The product is rounded too where the elements are float32.
      const product = dtype === 'float32' ? Math.fround(i * Number(delta.data[0])) : i * Number(delta.data[0]);
      data[i] = Number(start.data[0]) + product;
    }
  }
  return { dtype, shape, data };
}
