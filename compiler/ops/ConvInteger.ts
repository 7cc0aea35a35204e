import { defineOp } from './define.js';
import { convAttributes, convShape, normalizeConv } from './shared/conv-geometry.js';
import { convSums, windowKernel } from './shared/integer-convolution.js';
import { checkProduct, type ProductOperands } from './shared/integer-product.js';

const OPERANDS: ProductOperands = { a: 0, b: 1, zero: 2, zeros: 3 };

/** ConvInteger-10: sums of (x - x_zero_point) * (w - w_zero_point) in int32. quantize_dynamic's form of it is joined to ConvIntegerToFloat. */
export default defineOp({
  name: 'ConvInteger',
  domain: '',
  opsets: [10],
  summary: 'as Conv, with constant weights; zero points of x for the tensor, of w for it or each channel',
  inputs: [
    { name: 'x' },
    { name: 'w', mustBeConstant: true },
    { name: 'x_zero_point', isDynamic: true, optional: true },
    { name: 'w_zero_point', isDynamic: true, optional: true, mustBeConstant: true },
  ],
  outputs: ['y'],
  attributes: convAttributes,
  quantized: 'float',
  infer(view) {
    const shape = convShape(view);
    checkProduct(view, OPERANDS, shape[1]!);
    return [{ dtype: 'int32', shape }];
  },
  normalize: normalizeConv,
  evaluate(view, [x, w, zero, zeros]) {
    const { dtype, shape } = view.output(0);
    return [{ dtype, shape, data: convSums(view, x!, zero, w!, zeros) }];
  },
  kernels: [
    windowKernel({ function: 'nanoc_conv_integer', folder: 'portable', operands: OPERANDS }, 'nanoc_integer_product'),
  ],
});
