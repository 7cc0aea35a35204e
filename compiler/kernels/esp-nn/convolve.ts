/** Conv by `esp_nn_conv_s8` and `esp_nn_depthwise_conv_s8`. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { macsOf, transposed, zeroOf } from '../../ops/shared/convolution.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import type { Library } from '../../vendor/library.js';
import { type Geometry, geometryOf, whyNotDense, whyNotDepthwise, whyNotPadded } from '../vendor/layer.js';
import { activation, type VendorFunction } from '../vendor/option.js';
import { lawOfCall, requantizationFields, requantizationOf, whyTooLarge } from '../vendor/requantization.js';
import { biasField, weightField, weightRows } from '../vendor/weights.js';
import { convolveFault, depthwiseFault } from './faults.js';
import { dims, espCall, espOption, pair, VECTOR_BYTES, variantOf } from './option.js';
import { convolveAsked, convolveBytes, depthwiseAsked, depthwiseBytes } from './scratch.js';

export const CONVOLVE: VendorFunction = {
  adapter: 'nanoc_esp_convolve_s8',
  functions: ['esp_nn_conv_s8_opt', 'esp_nn_set_conv_scratch_buf_opt'],
};
const DEPTHWISE: VendorFunction = {
  adapter: 'nanoc_esp_depthwise_s8',
  functions: ['esp_nn_depthwise_conv_s8_opt', 'esp_nn_set_depthwise_conv_scratch_buf_opt'],
};

export const espConvolve = espOption({
  ...CONVOLVE,
  whyNot: (context, library) => {
    const refusal = whyNotDense(context);
    if (refusal !== undefined) return refusal;
    const g = geometryOf(context);
    const fault = whyNotImage(g) ?? whyNotPadded(g) ?? convolveFault(g, variantOf(context));
    return fault ?? whyTooLarge(context, library);
  },
  build: (context, library) => convolveCall(context, library, geometryOf(context)),
});

export const espDepthwise = espOption({
  ...DEPTHWISE,
  whyNot: (context, library) => {
    const refusal = whyNotDepthwise(context);
    if (refusal !== undefined) return refusal;
    const g = geometryOf(context);
    const fault = whyNotImage(g) ?? depthwiseFault(g, zeroOf(context.required(0)), variantOf(context));
    return fault ?? whyTooLarge(context, library);
  },
  build: (context, library) => {
    const g = geometryOf(context);
    const variant = variantOf(context);
    return productCall(context, library, DEPTHWISE, g, {
      weights: transposed(weightRows(context), g.outChannels),
      filter: dims(g.kernel[0], g.kernel[1], g.outChannels),
      multiplier: g.outChannels / g.inChannels,
      scratchBytes: depthwiseBytes(g, variant),
      asked: variant === 's3' ? depthwiseAsked(g) : 0,
    });
  },
});

/** A dense product of this geometry. */
export function convolveCall(context: LowerContext, library: Library, g: Geometry): KernelCall {
  const variant = variantOf(context);
  return productCall(context, library, CONVOLVE, g, {
    weights: weightRows(context),
    filter: dims(g.kernel[0], g.kernel[1], g.inChannels),
    scratchBytes: convolveBytes(g, variant),
    asked: variant === 'generic' ? 0 : convolveAsked(g, variant),
  });
}

/** The library takes one image, and no spaces between the elements of a window. */
function whyNotImage({ batches, dilations }: Geometry): string | undefined {
  if (batches !== 1) return 'more than one image';
  return dilations.some((n) => n !== 1) ? 'dilated' : undefined;
}

interface Product {
  readonly weights: Int8Array;
  readonly filter: ParamValue;
  /** Of a depthwise layer. */
  readonly multiplier?: number;
  readonly scratchBytes: number;
  /** What the library itself asks for. */
  readonly asked: number;
}

function productCall(
  context: LowerContext,
  library: Library,
  called: VendorFunction,
  g: Geometry,
  { weights, filter, multiplier, scratchBytes, asked }: Product,
): KernelCall {
  const requantization = requantizationOf(context, library);
  const [x, y] = [context.required(0), context.output(0)];
  const fields = {
    ...weightField(weights, VECTOR_BYTES),
    ...biasField(context),
    ...requantizationFields(requantization),
    layer: {
      fields: {
        in_offset: { int: -zeroOf(x) },
        out_offset: { int: perTensor(y).zeroPoint },
        ...(multiplier === undefined ? {} : { ch_mult: { int: multiplier } }),
        stride: pair(g.strides),
        padding: pair(g.pads),
        dilation: pair(g.dilations),
        activation: activation(clampOf(context, y)),
      },
    },
    input: dims(g.inHeight, g.inWidth, g.inChannels),
    filter,
    output: dims(g.outHeight, g.outWidth, g.outChannels),
  };
  const profile = lawOfCall(requantization);
  const more = scratchBytes - asked;
  return espCall(
    context,
    { ...called, inputs: [x.name], scratchBytes, fields },
    {
      macs: macsOf(y, weights.length / g.outChannels),
      ...profile,
      remarks: [
        ...(profile.remarks ?? []),
        ...(more > 0 ? [`scratch: ${more} bytes more than ESP-NN asks for, which its kernel writes`] : []),
      ],
    },
  );
}
