import { defineOp, type NodeView } from './define.js';
import { integerSums, type ProductShape, productCall, productShape } from './shared/integer-product.js';

/** MatMulInteger-10: sums of (A - a_zero_point) * (B - b_zero_point) in int32. quantize_dynamic's form of it is joined to MatMulIntegerToFloat. */
export default defineOp({
  name: 'MatMulInteger',
  domain: '',
  opsets: [10],
  summary: 'constant B of two dimensions; zero points of A for the tensor, of B for it or each column',
  inputs: [
    { name: 'A' },
    { name: 'B', mustBeConstant: true },
    { name: 'a_zero_point', isDynamic: true, optional: true },
    { name: 'b_zero_point', isDynamic: true, optional: true, mustBeConstant: true },
  ],
  outputs: ['Y'],
  attributes: {},
  quantized: 'float',
  infer(view) {
    const { columns } = shapeOf(view);
    return [{ dtype: 'int32', shape: [...view.required(0).shape.slice(0, -1), columns] }];
  },
  evaluate(view, [a, b, zero, zeros]) {
    const { dtype, shape } = view.output(0);
    return [{ dtype, shape, data: integerSums(shapeOf(view), a!, zero, b!, zeros) }];
  },
  kernels: [
    {
      function: 'nanoc_integer_product',
      family: 'portable',
      build: (context) => ({
        call: productCall(context, shapeOf(context), {
          ...{ function: 'nanoc_integer_product', folder: 'portable' },
          ...{ a: 0, b: 1, zero: 2, zeros: 3 },
        }),
      }),
    },
  ],
});

function shapeOf(view: NodeView): ProductShape {
  return productShape(view, [0, 1, 2, 3]);
}
