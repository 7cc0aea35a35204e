import { elementCount } from '../ir/tensor.js';
import { defineOp } from './define.js';
import { convAttributes, convShape, normalizeConv } from './shared/conv-geometry.js';
import { convSums, depthwiseKernel, pointwiseKernel, windowKernel } from './shared/integer-convolution.js';
import { checkProduct, type ProductOperands, productFloats } from './shared/integer-product.js';

const OPERANDS: ProductOperands = { a: 0, b: 1, zero: 4, zeros: 5, scales: { a: 2, b: 3, bias: 6 } };
const dsp = { folder: 'arm-dsp', operands: OPERANDS, needs: ['dsp', 'fpu'] } as const;
const portable = { folder: 'portable', operands: OPERANDS } as const;

/**
 * y = float32(sum of (x - x_zero_point) * (w - w_zero_point)) * float32(x_scale * w_scale) + bias: ConvInteger, Cast, Mul and Add as quantize_dynamic
 * writes them (fuse-integer-products).
 */
export default defineOp({
  name: 'ConvIntegerToFloat',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'made by nanoc of ConvInteger, Cast, Mul and Add',
  inputs: [
    { name: 'x' },
    { name: 'w', mustBeConstant: true },
    { name: 'x_scale', isDynamic: true },
    { name: 'w_scale', isDynamic: true, mustBeConstant: true },
    { name: 'x_zero_point', isDynamic: true, optional: true },
    { name: 'w_zero_point', isDynamic: true, optional: true, mustBeConstant: true },
    { name: 'bias', optional: true, mustBeConstant: true },
  ],
  outputs: ['y'],
  attributes: convAttributes,
  quantized: 'float',
  infer(view) {
    const shape = convShape(view);
    checkProduct(view, OPERANDS, shape[1]!);
    return [{ dtype: 'float32', shape }];
  },
  normalize: normalizeConv,
  evaluate(view, [x, w, xScale, wScale, zero, zeros, bias]) {
    const { dtype, shape } = view.output(0);
    const sums = convSums(view, x!, zero, w!, zeros);
    const pixels = elementCount(shape.slice(2));
    const data = productFloats(sums, (i) => Math.floor(i / pixels) % shape[1]!, xScale!, wScale!, bias);
    return [{ dtype, shape, data }];
  },
  kernels: [
    pointwiseKernel({ ...dsp, function: 'nanoc_integer_product_dsp' }),
    windowKernel({ ...dsp, function: 'nanoc_conv_integer_dsp' }, 'nanoc_integer_product_dsp'),
    pointwiseKernel({ ...portable, function: 'nanoc_integer_product_f32' }),
    depthwiseKernel({ ...portable, function: 'nanoc_depthwise_integer_f32' }),
    windowKernel({ ...portable, function: 'nanoc_conv_integer_f32' }, 'nanoc_integer_product_f32'),
  ],
});
