/** MatMul with constant weights: `arm_fully_connected_s8`, its form per channel, and the 1x1 convolution for several rows. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { macsOf } from '../../ops/shared/convolution.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import type { Library } from '../../vendor/library.js';
import { foldedBiasField, rowsGeometry, whyNotPerTensor, whyNotProduct, whyNotRow } from '../vendor/layer.js';
import { activation, factorFields, type VendorFunction } from '../vendor/option.js';
import { lawOfCall, requantizationFields, requantizationOf } from '../vendor/requantization.js';
import { weightField, weightRows } from '../vendor/weights.js';
import { CONVOLVE, convolveCall } from './convolve.js';
import { cmsisCall, cmsisOption, dims } from './option.js';

const PER_TENSOR: VendorFunction = {
  adapter: 'nanoc_cmsis_fully_connected_s8',
  functions: ['arm_fully_connected_s8'],
};
const PER_CHANNEL: VendorFunction = {
  adapter: 'nanoc_cmsis_fully_connected_per_channel_s8',
  functions: ['arm_fully_connected_per_channel_s8'],
};

export const cmsisFullyConnected = cmsisOption({
  ...PER_TENSOR,
  whyNot: whyNotPerTensor,
  build: (context, library) => fullyConnectedCall(context, library, PER_TENSOR),
});

export const cmsisFullyConnectedPerChannel = cmsisOption({
  ...PER_CHANNEL,
  whyNot: whyNotRow,
  build: (context, library) => fullyConnectedCall(context, library, PER_CHANNEL),
});

export const cmsisMatmul = cmsisOption({
  ...CONVOLVE,
  whyNot: whyNotProduct,
  build: (context, library) => convolveCall(context, library, rowsGeometry(context)),
});

/**
 * The zero point of the input is in the bias, so the offset is 0. Kernels for Helium since 5.0 take sums of the weights in the
 * context: times the offset, or, since 7.0, times the offset and with the bias. With an offset of 0 the bias serves all versions.
 */
function fullyConnectedCall(context: LowerContext, library: Library, form: VendorFunction): KernelCall {
  const [inner, columns] = context.required(1).shape as [number, number];
  const y = context.output(0);
  const requantization = requantizationOf(context, library);
  const quantization: Record<string, ParamValue> =
    form === PER_CHANNEL
      ? requantizationFields(requantization)
      : { quantization: { fields: factorFields(requantization.factors[0]!) } };
  const fields = {
    ...weightField(weightRows(context), 4),
    ...foldedBiasField(requantization),
    ...quantization,
    layer: {
      fields: {
        input_offset: { int: 0 },
        filter_offset: { int: 0 },
        output_offset: { int: perTensor(y).zeroPoint },
        activation: activation(clampOf(context, y)),
      },
    },
    input: dims(1, 1, 1, inner),
    filter: dims(inner, 1, 1, columns),
    output: dims(1, 1, 1, columns),
  };
  const call = { ...form, inputs: [context.required(0).name], scratchBytes: 0, fields };
  return cmsisCall(context, call, { macs: macsOf(y, inner), ...lawOfCall(requantization) });
}
