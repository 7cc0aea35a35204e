/** ConvInteger, and its form with floats behind the sums: what both share. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import { elementCount, type Tensor } from '../../ir/tensor.js';
import type { KernelOption, LowerContext, NodeView } from '../define.js';
import { geometry, hasOwnFilters, hasPlainPixels, spatialFields } from './conv-geometry.js';
import { channelsLast, macsOf, transposed } from './convolution.js';
import {
  inWholeWords,
  type ProductFolder,
  type ProductOperands,
  productArguments,
  productCall,
  productFields,
  signedWeights,
  strideOf,
} from './integer-product.js';
import { withHeight } from './rewrite.js';
import { as2d, windowOf } from './window.js';

/** Sums modulo 2^32 in ONNX layout, [N][M][H][W]; taps in the padding are the zero point, as ConvInteger-10 says. */
export function convSums(
  view: NodeView,
  x: Tensor,
  zero: Tensor | undefined,
  w: Tensor,
  zeros: Tensor | undefined,
): Int32Array {
  const window = as2d(windowOf(view, x.shape.slice(2), w.shape.slice(2)));
  const [batches, channels, height, width] = (x.shape.length === 3 ? withHeight(x.shape) : x.shape) as number[];
  const [m, perGroup] = w.shape as [number, number];
  const [outHeight, outWidth] = window.output as [number, number];
  const [kh, kw] = window.kernel as [number, number];
  const own = Number(zero?.data[0] ?? 0);
  const [image, weights] = [x.data as Uint8Array, w.data as Int8Array];
  const sums = new Int32Array(batches! * m * outHeight * outWidth);
  for (let to = 0; to < sums.length; to += 1) {
    const ox = to % outWidth;
    const oy = Math.floor(to / outWidth) % outHeight;
    const o = Math.floor(to / (outWidth * outHeight)) % m;
    const n = Math.floor(to / (outWidth * outHeight * m));
    const first = n * channels! + Math.floor(o / (m / view.int('group'))) * perGroup;
    const middle = Number(zeros?.data[zeros.data.length === 1 ? 0 : o] ?? 0);
    let sum = 0;
    for (let ky = 0; ky < kh; ky += 1) {
      const iy = oy * window.strides[0]! - window.pads[0]! + ky * window.dilations[0]!;
      if (iy < 0 || iy >= height!) continue;
      for (let kx = 0; kx < kw; kx += 1) {
        const ix = ox * window.strides[1]! - window.pads[1]! + kx * window.dilations[1]!;
        if (ix < 0 || ix >= width!) continue;
        for (let c = 0; c < perGroup; c += 1) {
          const value = image[((first + c) * height! + iy) * width! + ix]! - own;
          sum += value * (weights[((o * perGroup + c) * kh + ky) * kw + kx]! - middle);
        }
      }
    }
    sums[to] = sum;
  }
  return sums;
}

interface IntegerKernel {
  readonly function: string;
  readonly folder: ProductFolder;
  readonly operands: ProductOperands;
  readonly needs?: KernelOption['needs'];
}

/** A window of 1x1 without steps or padding is a product of the pixels: a kernel of nanoc/integer_product.h. */
export function pointwiseKernel({ function: name, folder, operands, needs = [] }: IntegerKernel): KernelOption {
  return {
    function: name,
    family: folder === 'portable' ? 'portable' : 'native',
    needs,
    when: hasPlainPixels,
    build(context) {
      const { x, channels, outputs } = geometry(context);
      const shape = { rows: elementCount(x.shape) / channels, inner: channels, columns: outputs };
      return { call: productCall(context, name, folder, operands, shape, rowsOfWeights(context, operands, channels)) };
    },
  };
}

/** One window after the other is put together and multiplied. @param product the kernel of nanoc/integer_product.h that does so */
export function windowKernel(kernel: IntegerKernel, product: string): KernelOption {
  const { function: name, folder, operands, needs = [] } = kernel;
  return {
    function: name,
    family: folder === 'portable' ? 'portable' : 'native',
    needs,
    when(context) {
      const { outputs, group } = geometry(context);
      return folder === 'portable' || outputs / group >= 4 || `${outputs / group} output channels in a group`;
    },
    build(context) {
      const { window, channels, outputs, group } = geometry(context);
      const inner = (channels / group) * elementCount(window.kernel);
      const shape = { rows: 1, inner, columns: outputs / group };
      const turned = rowsOfWeights(context, operands, inner);
      const stride = strideOf(inner);
      const kept = folder === 'portable' ? shape.columns : Math.ceil(shape.columns / 4) * 4;
      const fields = {
        group_weights: { int: kept * stride },
        product: { fields: productFields(context, operands, folder, shape, turned, group) },
      };
      const bytes = operands.scales === undefined ? stride : 3 * stride;
      return { call: call(context, kernel, fields, bytes, inner, [`${folder}/${product}.c`]) };
    },
  };
}

/** One filter for each channel. */
export function depthwiseKernel(kernel: IntegerKernel): KernelOption {
  const { operands } = kernel;
  return {
    function: kernel.function,
    family: 'portable',
    when: hasOwnFilters,
    build(context) {
      const { window, channels } = geometry(context);
      const taps = elementCount(window.kernel);
      const weights = transposed(signedWeights(context, operands.b), channels);
      const shape = { rows: 1, inner: taps, columns: channels };
      const product = productFields(context, operands, 'portable', shape, weights);
      const fields = { group_weights: { int: taps }, product: { fields: product } };
      return { call: call(context, kernel, fields, 4 * channels, taps, []) };
    },
  };
}

function rowsOfWeights(context: LowerContext, { b }: ProductOperands, inner: number): Int8Array {
  return inWholeWords(channelsLast(signedWeights(context, b), context.required(b).shape), inner);
}

function call(
  context: LowerContext,
  { function: name, folder, operands }: IntegerKernel,
  own: Readonly<Record<string, ParamValue>>,
  scratchBytes: number,
  macsPerOutput: number,
  sources: readonly string[],
): KernelCall {
  const g = geometry(context);
  const fields = { ...spatialFields(g), groups: { int: g.group }, ...own };
  return {
    node: context.node,
    family: folder === 'portable' ? 'portable' : 'native',
    function: name,
    header: 'nanoc/conv_integer.h',
    sources: [`${folder}/${name}.c`, ...sources],
    arguments: productArguments(context, operands, { struct: 'nanoc_conv_integer_params', fields }, true),
    scratch: { bytes: scratchBytes, alignment: 4 },
    overlaps: [],
    alignment: 4,
    macs: macsOf(g.y, macsPerOutput),
  };
}
