/** MatMul with constant weights: `esp_nn_fully_connected_s8`, its form per channel, and the 1x1 convolution for several rows. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { macsOf } from '../../ops/shared/convolution.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import type { Library } from '../../vendor/library.js';
import { rowsOf } from '../nodes.js';
import { foldedBiasField, rowsGeometry, whyNotPerTensor, whyNotProduct, whyNotRow } from '../vendor/layer.js';
import { activation, factorFields, type VendorFunction } from '../vendor/option.js';
import { lawOfCall, requantizationFields, requantizationOf } from '../vendor/requantization.js';
import { weightField, weightRows } from '../vendor/weights.js';
import { CONVOLVE, convolveCall } from './convolve.js';
import { espCall, espOption, LONGEST, VECTOR_BYTES } from './option.js';

const PER_TENSOR: VendorFunction = {
  adapter: 'nanoc_esp_fully_connected_s8',
  functions: ['esp_nn_fully_connected_s8_ansi'],
};
const PER_CHANNEL: VendorFunction = {
  adapter: 'nanoc_esp_fully_connected_per_channel_s8',
  functions: ['esp_nn_fully_connected_per_ch_s8_ansi'],
};

export const espFullyConnected = espOption({
  ...PER_TENSOR,
  whyNot: whyNotPerTensor,
  build: (context, library) => rowCall(context, library, PER_TENSOR),
});

export const espFullyConnectedPerChannel = espOption({
  ...PER_CHANNEL,
  whyNot: whyNotRow,
  build: (context, library) => rowCall(context, library, PER_CHANNEL),
});

export const espMatmul = espOption({
  ...CONVOLVE,
  whyNot: (context, library) =>
    whyNotProduct(context, library) ?? (rowsOf(context) > LONGEST ? 'too many rows' : undefined),
  build: (context, library) => convolveCall(context, library, rowsGeometry(context)),
});

/** The zero point of the input is in the bias: with an offset of 0 the S3's kernel needs no sums of the weights, and takes a tenth of the time. */
function rowCall(context: LowerContext, library: Library, form: VendorFunction): KernelCall {
  const [inner, columns] = context.required(1).shape as [number, number];
  const y = context.output(0);
  const requantization = requantizationOf(context, library);
  const factors: Record<string, ParamValue> =
    form === PER_CHANNEL ? requantizationFields(requantization) : factorFields(requantization.factors[0]!);
  const fields = {
    ...weightField(weightRows(context), VECTOR_BYTES),
    ...foldedBiasField(requantization),
    ...factors,
    inner: { int: inner },
    columns: { int: columns },
    out_offset: { int: perTensor(y).zeroPoint },
    activation: activation(clampOf(context, y)),
  };
  const call = { ...form, inputs: [context.required(0).name], scratchBytes: 0, fields };
  return espCall(context, call, { macs: macsOf(y, inner), ...lawOfCall(requantization) });
}
