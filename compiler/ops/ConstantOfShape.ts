import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { integersOf } from './shared/shapes.js';

export default defineOp({
  name: 'ConstantOfShape',
  domain: '',
  opsets: [9, 20, 21, 23, 24],
  summary: 'constant shape: becomes a constant',
  inputs: [{ name: 'input', mustBeConstant: true }],
  outputs: ['output'],
  attributes: { value: { type: 'tensor' } },
  quantized: 'float',
  infer(view) {
    const shape = integersOf(view.required(0))!;
    if (valueOf(view).data.length !== 1) view.bad('attribute "value" has several elements', { expected: 'one' });
    return [{ dtype: valueOf(view).dtype, shape }];
  },
  evaluate(view, [input]) {
    const shape = Array.from(input!.data as BigInt64Array, Number);
    const { dtype, data: source } = valueOf(view);
    const data = allocate(dtype, elementCount(shape));
    data.fill(source[0] as never);
    return [{ dtype, shape, data }];
  },
});

function valueOf(view: NodeView): Tensor {
  if (!view.has('value')) return { dtype: 'float32', shape: [1], data: Float32Array.of(0) };
  return view.node.attributes.value as Tensor;
}
