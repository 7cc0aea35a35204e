/** Conv by `arm_convolve_wrapper_s8` (which picks its 1x1, 1xN or general kernel) and `arm_depthwise_conv_wrapper_s8`. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { macsOf, transposed, zeroOf } from '../../ops/shared/convolution.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import type { Library } from '../../vendor/library.js';
import { type Geometry, geometryOf, whyNotDense, whyNotDepthwise, whyNotPadded } from '../vendor/layer.js';
import { activation, type VendorFunction } from '../vendor/option.js';
import { lawOfCall, requantizationFields, requantizationOf, whyTooLarge } from '../vendor/requantization.js';
import { biasField, weightField, weightRows } from '../vendor/weights.js';
import { type Core, cmsisCall, cmsisOption, coreOf, dims, tile } from './option.js';
import { convolveBytes, depthwiseBytes } from './scratch.js';

export const CONVOLVE: VendorFunction = {
  adapter: 'nanoc_cmsis_convolve_s8',
  functions: ['arm_convolve_wrapper_s8'],
};
const DEPTHWISE: VendorFunction = {
  adapter: 'nanoc_cmsis_depthwise_s8',
  functions: ['arm_depthwise_conv_wrapper_s8'],
};

export const cmsisConvolve = cmsisOption({
  ...CONVOLVE,
  whyNot: (context, library) =>
    whyNotDense(context) ?? whyNotPadded(geometryOf(context)) ?? whyTooLarge(context, library),
  build: (context, library) => convolveCall(context, library, withoutRow(geometryOf(context), coreOf(context))),
});

export const cmsisDepthwise = cmsisOption({
  ...DEPTHWISE,
  whyNot: (context, library) => whyNotDepthwise(context) ?? whyTooLarge(context, library),
  build: (context, library) => {
    const g = geometryOf(context);
    const multiplier = g.outChannels / g.inChannels;
    return productCall(context, library, DEPTHWISE, g, {
      scratchBytes: depthwiseBytes({ ...g, multiplier }, coreOf(context)),
      weights: transposed(weightRows(context), g.outChannels),
      filter: dims(1, g.kernel[0], g.kernel[1], g.outChannels),
      multiplier,
    });
  },
});

/**
 * A row seen as a column, which is the same memory: `arm_convolve_1_x_n_s8` for Helium wants as much padding on either side
 * and an input as long as its window; the general kernel takes anything.
 */
function withoutRow(g: Geometry, core: Core): Geometry {
  const isRow = g.inHeight === 1 && g.kernel[0] === 1 && g.outHeight === 1;
  const isPlain = g.strides[1] === 1 && g.pads[1] === g.trailing[1] && g.kernel[1] <= g.inWidth;
  if (core !== 'mve' || !isRow || isPlain) return g;
  const turned = (pair: readonly [number, number]) => [pair[1], pair[0]] as const;
  return {
    ...g,
    ...{ inHeight: g.inWidth, inWidth: 1, outHeight: g.outWidth, outWidth: 1 },
    ...{ kernel: turned(g.kernel), strides: turned(g.strides), dilations: turned(g.dilations), pads: turned(g.pads) },
  };
}

/** A dense product of this geometry. */
export function convolveCall(context: LowerContext, library: Library, g: Geometry): KernelCall {
  return productCall(context, library, CONVOLVE, g, {
    scratchBytes: convolveBytes(g, coreOf(context)),
    weights: weightRows(context),
    filter: dims(g.outChannels, g.kernel[0], g.kernel[1], g.inChannels),
  });
}

interface Product {
  readonly scratchBytes: number;
  readonly weights: Int8Array;
  readonly filter: ParamValue;
  /** Of a depthwise layer. */
  readonly multiplier?: number;
}

function productCall(
  context: LowerContext,
  library: Library,
  called: VendorFunction,
  g: Geometry,
  { weights, ...product }: Product,
): KernelCall {
  const requantization = requantizationOf(context, library);
  const constants = { ...weightField(weights, 4), ...biasField(context), ...requantizationFields(requantization) };
  const macs = macsOf(context.output(0), weights.length / g.outChannels);
  return windowCall(context, called, g, {
    ...{ ...product, constants, inputOffset: -zeroOf(context.required(0)) },
    extra: { macs, ...lawOfCall(requantization) },
  });
}

interface WindowCall extends Omit<Product, 'weights'> {
  /** Weights, bias, multipliers and shifts. */
  readonly constants: Readonly<Record<string, ParamValue>>;
  readonly inputOffset: number;
  readonly extra: Partial<KernelCall>;
}

/** A call with the parameters of the library's convolutions: all of them have the same. */
export function windowCall(
  context: LowerContext,
  called: VendorFunction,
  g: Geometry,
  { scratchBytes, constants, filter, multiplier, inputOffset, extra }: WindowCall,
): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const fields = {
    ...constants,
    layer: {
      fields: {
        input_offset: { int: inputOffset },
        output_offset: { int: perTensor(y).zeroPoint },
        ...(multiplier === undefined ? {} : { ch_mult: { int: multiplier } }),
        stride: tile(g.strides),
        padding: tile(g.pads),
        dilation: tile(g.dilations),
        activation: activation(clampOf(context, y)),
      },
    },
    input: dims(g.batches, g.inHeight, g.inWidth, g.inChannels),
    filter,
    output: dims(g.batches, g.outHeight, g.outWidth, g.outChannels),
    scratch_bytes: { int: scratchBytes },
  };
  return cmsisCall(context, { ...called, inputs: [x.name], scratchBytes, fields }, extra);
}
