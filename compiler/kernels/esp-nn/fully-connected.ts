/** MatMul with constant weights: `esp_nn_fully_connected_s8`, its form per channel, and the 1x1 convolution for several rows. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { constantOf, macsOf, zeroOf } from '../../ops/shared/convolution.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import type { Library } from '../../vendor/library.js';
import { layerOf } from '../arm-dsp/layer.js';
import {
  biasField,
  type Geometry,
  lawOfCall,
  requantizationFields,
  turned,
  whyNotQuantized,
  whyTooLarge,
} from '../cmsis-nn/convolve.js';
import { rowsOf } from '../packed/nodes.js';
import { vendorRequantization } from '../vendor-requantization.js';
import { CONVOLVE } from './convolve.js';
import { activation, dims, type EspFunction, espCall, espOption, pair, VECTOR_BYTES, variantOf } from './option.js';
import { convolveBytes } from './scratch.js';

const PER_TENSOR: EspFunction = {
  adapter: 'nanoc_esp_fully_connected_s8',
  functions: ['esp_nn_fully_connected_s8_ansi'],
};
const PER_CHANNEL: EspFunction = {
  adapter: 'nanoc_esp_fully_connected_per_channel_s8',
  functions: ['esp_nn_fully_connected_per_ch_s8_ansi'],
};

export const espFullyConnected = espOption({
  ...PER_TENSOR,
  whyNot: (context, library) => {
    const refusal = whyNotRow(context, library);
    if (refusal !== undefined) return refusal;
    const { factors } = requantizationOf(context, library);
    const [first] = factors;
    const isOne = factors.every(({ multiplier, shift }) => multiplier === first!.multiplier && shift === first!.shift);
    return isOne ? undefined : 'the columns have multipliers of their own';
  },
  build: (context, library) => rowCall(context, library, PER_TENSOR),
});

export const espFullyConnectedPerChannel = espOption({
  ...PER_CHANNEL,
  whyNot: whyNotRow,
  build: (context, library) => rowCall(context, library, PER_CHANNEL),
});

/** Rows as the pixels of a row of the image. */
export const espMatmul = espOption({
  ...CONVOLVE,
  whyNot: (context, library) =>
    whyNotProduct(context, library) ?? (rowsOf(context) > 32767 ? 'too many rows' : undefined),
  build: (context, library) => {
    const [inner, columns] = context.required(1).shape as [number, number];
    const rows = rowsOf(context);
    const requantization = requantizationOf(context, library);
    const g: Geometry = {
      ...{ batches: 1, inHeight: 1, inWidth: rows, inChannels: inner },
      ...{ outHeight: 1, outWidth: rows, outChannels: columns },
      ...{ kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0], trailing: [0, 0] },
    };
    const fields = {
      ...weightField(context),
      ...biasField(context),
      ...requantizationFields(requantization),
      layer: {
        fields: {
          in_offset: { int: -zeroOf(context.required(0)) },
          out_offset: { int: perTensor(context.output(0)).zeroPoint },
          ...{ stride: pair([1, 1]), padding: pair([0, 0]), dilation: pair([1, 1]) },
          activation: activation(clampOf(context, context.output(0))),
        },
      },
      input: dims(1, rows, inner),
      filter: dims(1, 1, inner),
      output: dims(1, rows, columns),
    };
    return callOf(context, CONVOLVE, convolveBytes(g, variantOf(context)), fields, requantization);
  },
});

function whyNotProduct(context: LowerContext, library: Library): string | undefined {
  const quantized = whyNotQuantized(context);
  if (quantized !== undefined) return quantized;
  if (context.required(1).shape.length !== 2) return 'the right side is no matrix';
  return whyTooLarge(context, columnsOf(context), library);
}

function whyNotRow(context: LowerContext, library: Library): string | undefined {
  return whyNotProduct(context, library) ?? (rowsOf(context) > 1 ? 'more than one row' : undefined);
}

/** Weights [columns][inner]. */
function columnsOf(context: LowerContext): Int8Array {
  return turned(constantOf(context, 1).data as Int8Array, context.required(1).shape[0]!);
}

function requantizationOf(context: LowerContext, { law }: Library) {
  return vendorRequantization(context, columnsOf(context), context.required(1).shape[1]!, law);
}

function weightField(context: LowerContext): Record<string, ParamValue> {
  const constant = { suffix: 'weights', data: columnsOf(context), role: 'weights' as const, alignment: VECTOR_BYTES };
  return { weights: { constant } };
}

/** The zero point of the input is in the bias: with an offset of 0 the S3's kernel needs no sums of the weights, and takes a tenth of the time. */
function rowCall(context: LowerContext, library: Library, form: EspFunction): KernelCall {
  const [inner, columns] = context.required(1).shape as [number, number];
  const requantization = requantizationOf(context, library);
  const [first] = requantization.factors;
  const bias = Int32Array.from(layerOf(context, columnsOf(context), columns).channels, (channel) => channel.bias);
  const factors: Record<string, ParamValue> =
    form === PER_CHANNEL
      ? requantizationFields(requantization)
      : { multiplier: { int: first!.multiplier }, shift: { int: first!.shift } };
  const fields = {
    ...weightField(context),
    bias: { constant: { suffix: 'bias', data: bias, role: 'bias' as const } },
    ...factors,
    inner: { int: inner },
    columns: { int: columns },
    out_offset: { int: perTensor(context.output(0)).zeroPoint },
    activation: activation(clampOf(context, context.output(0))),
  };
  return callOf(context, form, 0, fields, requantization);
}

function callOf(
  context: LowerContext,
  called: EspFunction,
  scratchBytes: number,
  fields: Readonly<Record<string, ParamValue>>,
  requantization: ReturnType<typeof requantizationOf>,
): KernelCall {
  return espCall(
    context,
    { ...called, inputs: [context.required(0).name], scratchBytes, fields },
    { macs: macsOf(context.output(0), context.required(1).shape[0]!), ...lawOfCall(requantization) },
  );
}
