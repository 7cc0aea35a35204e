import { defineOp, type KernelOption, type NodeView } from './define.js';
import { transposed } from './shared/convolution.js';
import {
  integerSums,
  inWholeWords,
  type ProductFolder,
  type ProductOperands,
  type ProductShape,
  productCall,
  productFloats,
  productShape,
  signedWeights,
} from './shared/integer-product.js';

const OPERANDS: ProductOperands = { a: 0, b: 1, zero: 4, zeros: 5, scales: { a: 2, b: 3, bias: 6 } };

/**
 * com.microsoft.MatMulIntegerToFloat: Y = float32(sum of (A - a_zero_point) * (B - b_zero_point)) * float32(a_scale * b_scale) + bias. nanoc makes it of
 * MatMulInteger, Cast, Mul and Add (fuse-integer-products).
 */
export default defineOp({
  name: 'MatMulIntegerToFloat',
  domain: 'com.microsoft',
  opsets: [1],
  summary:
    'constant B of two dimensions, with scales and zero points for it or each column; those of A are known at run time',
  inputs: [
    { name: 'A' },
    { name: 'B', mustBeConstant: true },
    { name: 'a_scale', isDynamic: true },
    { name: 'b_scale', isDynamic: true, mustBeConstant: true },
    { name: 'a_zero_point', isDynamic: true, optional: true },
    { name: 'b_zero_point', isDynamic: true, optional: true, mustBeConstant: true },
    { name: 'bias', optional: true, mustBeConstant: true },
  ],
  outputs: ['Y'],
  attributes: {},
  quantized: 'float',
  infer(view) {
    const { columns } = shapeOf(view);
    return [{ dtype: 'float32', shape: [...view.required(OPERANDS.a).shape.slice(0, -1), columns] }];
  },
  evaluate(view, [a, b, aScale, bScale, zero, zeros, bias]) {
    const { dtype, shape } = view.output(0);
    const product = shapeOf(view);
    const sums = integerSums(product, a!, zero, b!, zeros);
    const data = productFloats(sums, (i) => i % product.columns, aScale!, bScale!, bias);
    return [{ dtype, shape, data }];
  },
  kernels: [
    kernel('nanoc_integer_product_dsp', 'arm-dsp', ['dsp', 'fpu']),
    kernel('nanoc_integer_product_f32', 'portable'),
  ],
});

function kernel(name: string, folder: ProductFolder, needs: KernelOption['needs'] = []): KernelOption {
  return {
    function: name,
    family: folder === 'portable' ? 'portable' : 'native',
    needs,
    build(context) {
      const shape = shapeOf(context);
      const rows = transposed(signedWeights(context, OPERANDS.b), shape.inner);
      const weights = inWholeWords(rows, shape.inner);
      return { call: productCall(context, name, folder, OPERANDS, shape, weights) };
    },
  };
}

function shapeOf(view: NodeView): ProductShape {
  return productShape(view, OPERANDS);
}
