import { defineOp, type NodeView } from './define.js';
import { transposed } from './shared/convolution.js';
import {
  integerSums,
  inWholeWords,
  type ProductOperands,
  type ProductShape,
  productCall,
  productShape,
  signedWeights,
} from './shared/integer-product.js';

const OPERANDS: ProductOperands = { a: 0, b: 1, zero: 2, zeros: 3 };

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
      build(context) {
        const shape = shapeOf(context);
        const rows = transposed(signedWeights(context, OPERANDS.b), shape.inner);
        const weights = inWholeWords(rows, shape.inner);
        return { call: productCall(context, 'nanoc_integer_product', 'portable', OPERANDS, shape, weights) };
      },
    },
  ],
});

function shapeOf(view: NodeView): ProductShape {
  return productShape(view, OPERANDS);
}
