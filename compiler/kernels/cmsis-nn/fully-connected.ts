/** MatMul with constant weights: `arm_fully_connected_s8`, its form per channel, and the 1x1 convolution for several rows. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { constantOf, macsOf, zeroOf } from '../../ops/shared/convolution.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import type { Library } from '../../vendor/library.js';
import { layerOf } from '../arm-dsp/layer.js';
import { rowsOf } from '../packed/nodes.js';
import { vendorRequantization } from '../vendor-requantization.js';
import { biasField, lawOfCall, requantizationFields, turned, whyNotQuantized, whyTooLarge } from './convolve.js';
import { activation, cmsisCall, cmsisOption, coreOf, dims, tile } from './option.js';
import { convolveBytes } from './scratch.js';

const CONVOLVE = { adapter: 'nanoc_cmsis_convolve_s8', functions: ['arm_convolve_wrapper_s8'] };
const PER_TENSOR = { adapter: 'nanoc_cmsis_fully_connected_s8', functions: ['arm_fully_connected_s8'] };
const PER_CHANNEL = {
  adapter: 'nanoc_cmsis_fully_connected_per_channel_s8',
  functions: ['arm_fully_connected_per_channel_s8'],
};

export const cmsisFullyConnected = cmsisOption({
  ...PER_TENSOR,
  whyNot: (context, library) => {
    const refusal = whyNotProduct(context, library);
    if (refusal !== undefined) return refusal;
    if (rowsOf(context) > 1) return 'more than one row';
    const { factors } = requantizationOf(context, library);
    const [first] = factors;
    const isOne = factors.every(({ multiplier, shift }) => multiplier === first!.multiplier && shift === first!.shift);
    return isOne ? undefined : 'the columns have multipliers of their own';
  },
  build: (context, library) => fullyConnectedCall(context, library, PER_TENSOR),
});

export const cmsisFullyConnectedPerChannel = cmsisOption({
  ...PER_CHANNEL,
  whyNot: (context, library) =>
    whyNotProduct(context, library) ?? (rowsOf(context) > 1 ? 'more than one row' : undefined),
  build: (context, library) => fullyConnectedCall(context, library, PER_CHANNEL),
});

/** Rows as the pixels of a row of the image. */
export const cmsisMatmul = cmsisOption({
  ...CONVOLVE,
  whyNot: whyNotProduct,
  build: (context, library) => {
    const [inner, columns] = context.required(1).shape as [number, number];
    const rows = rowsOf(context);
    const ones = [1, 1] as const;
    const shape = { inHeight: 1, inWidth: rows, inChannels: inner, outWidth: rows };
    const window = { kernel: ones, strides: ones, dilations: ones, pads: [0, 0] as const };
    const scratchBytes = convolveBytes({ ...shape, ...window }, coreOf(context));
    const requantization = requantizationOf(context, library);
    const fields = {
      ...weightFields(context),
      ...biasField(context),
      ...requantizationFields(requantization),
      layer: {
        fields: {
          ...offsets(context, -zeroOf(context.required(0))),
          ...{ stride: tile(ones), padding: tile([0, 0]), dilation: tile(ones) },
          activation: activation(clampOf(context, context.output(0))),
        },
      },
      input: dims(1, 1, rows, inner),
      filter: dims(columns, 1, 1, inner),
      output: dims(1, 1, rows, columns),
      scratch_bytes: { int: scratchBytes },
    };
    return callOf(context, CONVOLVE, scratchBytes, fields, requantization);
  },
});

function whyNotProduct(context: LowerContext, library: Library): string | undefined {
  const quantized = whyNotQuantized(context);
  if (quantized !== undefined) return quantized;
  if (context.required(1).shape.length !== 2) return 'the right side is no matrix';
  return whyTooLarge(context, columnsOf(context), library);
}

/** Weights [columns][inner]. */
function columnsOf(context: LowerContext): Int8Array {
  return turned(constantOf(context, 1).data as Int8Array, context.required(1).shape[0]!);
}

function requantizationOf(context: LowerContext, { law }: Library) {
  return vendorRequantization(context, columnsOf(context), context.required(1).shape[1]!, law);
}

function weightFields(context: LowerContext): Record<string, ParamValue> {
  return { weights: { constant: { suffix: 'weights', data: columnsOf(context), role: 'weights', alignment: 4 } } };
}

function offsets(context: LowerContext, inputOffset: number): Record<string, ParamValue> {
  const { zeroPoint } = perTensor(context.output(0));
  return { input_offset: { int: inputOffset }, output_offset: { int: zeroPoint } };
}

/**
 * The zero point of the input is in the bias, so the offset is 0. Kernels for Helium since 5.0 take sums of the weights in the
 * context: times the offset, or, since 7.0, times the offset and with the bias. With an offset of 0 the bias serves all versions.
 */
function fullyConnectedCall(context: LowerContext, library: Library, form: typeof PER_TENSOR): KernelCall {
  const [inner, columns] = context.required(1).shape as [number, number];
  const requantization = requantizationOf(context, library);
  const [first] = requantization.factors;
  const bias = Int32Array.from(layerOf(context, columnsOf(context), columns).channels, (channel) => channel.bias);
  const quantization: Record<string, ParamValue> =
    form === PER_CHANNEL
      ? requantizationFields(requantization)
      : { quantization: { fields: { multiplier: { int: first!.multiplier }, shift: { int: first!.shift } } } };
  const fields = {
    ...weightFields(context),
    bias: { constant: { suffix: 'bias', data: bias, role: 'bias' as const } },
    ...quantization,
    layer: {
      fields: {
        input_offset: { int: 0 },
        filter_offset: { int: 0 },
        output_offset: { int: perTensor(context.output(0)).zeroPoint },
        activation: activation(clampOf(context, context.output(0))),
      },
    },
    input: dims(1, 1, 1, inner),
    filter: dims(inner, 1, 1, columns),
    output: dims(1, 1, 1, columns),
  };
  return callOf(context, form, 0, fields, requantization);
}

function callOf(
  context: LowerContext,
  { adapter, functions }: typeof PER_TENSOR,
  scratchBytes: number,
  fields: Readonly<Record<string, ParamValue>>,
  requantization: ReturnType<typeof requantizationOf>,
): KernelCall {
  const inputs = [context.required(0).name];
  return cmsisCall(
    context,
    { adapter, functions, inputs, scratchBytes, fields },
    {
      macs: macsOf(context.output(0), context.required(1).shape[0]!),
      ...lawOfCall(requantization),
    },
  );
}
