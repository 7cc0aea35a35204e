/** Mul: `esp_nn_mul_elementwise_s8`, and `esp_nn_mul_broadcast_channel_s8` for a factor for each channel. */

import type { Value } from '../../ir/graph.js';
import type { ParamValue } from '../../ir/kernel-call.js';
import { elementCount } from '../../ir/tensor.js';
import { productFactor } from '../../numerics/vendor-binary.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { type BinaryRule, binaryOverlaps, isQuantizedInt8 } from '../../ops/shared/elementwise.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import { profileOf, sidesOf, whyNotEqual, whyNotShifted } from '../vendor/binary.js';
import { activation, factorFields, type VendorFunction } from '../vendor/option.js';
import { espCall, espOption, VECTOR_BYTES, variantOf } from './option.js';

const EQUAL: VendorFunction = { adapter: 'nanoc_esp_mul_s8', functions: ['esp_nn_mul_elementwise_s8_ansi'] };
const CHANNEL: VendorFunction = {
  adapter: 'nanoc_esp_mul_channel_s8',
  functions: ['esp_nn_mul_broadcast_channel_s8_ansi'],
};

/** Elements that the vectors of the ESP32-S3 take at a time. */
const AT_A_TIME = 8;

/** Two tensors of equal shape. */
export function espMul(rule: BinaryRule): KernelOption {
  return espOption({
    ...EQUAL,
    whyNot: (context) => {
      const refusal =
        whyNotFaster(context) ?? whyNotEqual(context) ?? whyNotShifted(productFactor(...sidesOf(context)));
      if (refusal !== undefined) return refusal;
      const isOdd = elementCount(context.output(0).shape) % AT_A_TIME !== 0;
      // The sign is added where it is to be taken off: nearest numbers below zero, and ties, come out larger by one.
      return isOdd ? 'ESP32-S3: elements behind the last 8 are rounded wrongly below zero' : undefined;
    },
    build: (context, { law }) => {
      const inputs = [context.required(0), context.required(1)];
      const fields = { ...fieldsOf(context, inputs), count: { int: elementCount(context.output(0).shape) } };
      return espCall(
        context,
        { ...EQUAL, inputs: inputs.map(({ name }) => name), scratchBytes: 0, fields },
        { overlaps: binaryOverlaps(context), ...profileOf(context, rule, law) },
      );
    },
  });
}

/** A tensor by one factor for each channel, as squeeze-and-excite blocks have it. */
export function espMulChannel(rule: BinaryRule): KernelOption {
  return espOption({
    ...CHANNEL,
    whyNot: (context) => {
      const quantized = isQuantizedInt8(context);
      if (quantized !== true) return quantized;
      if (inputsOf(context) === undefined) return 'no input has one factor for each channel';
      const isSlow = context.output(0).shape.at(-1)! % VECTOR_BYTES !== 0;
      const slow = isSlow
        ? 'ESP32-S3: channels are no multiple of 16, and the kernel works without vectors'
        : undefined;
      return whyNotFaster(context) ?? whyNotShifted(productFactor(...sidesOf(context))) ?? slow;
    },
    build: (context, { law }) => {
      const inputs = inputsOf(context)!;
      const channels = context.output(0).shape.at(-1)!;
      const fields = {
        ...fieldsOf(context, inputs),
        pixels: { int: elementCount(context.output(0).shape) / channels },
        channels: { int: channels },
      };
      return espCall(
        context,
        { ...CHANNEL, inputs: inputs.map(({ name }) => name), scratchBytes: 0, fields },
        { overlaps: binaryOverlaps(context), ...profileOf(context, rule, law) },
      );
    },
  });
}

/** The whole tensor, then the factors; undefined where there are none for the channels. */
function inputsOf(context: LowerContext): readonly [Value, Value] | undefined {
  const { shape } = context.output(0);
  const [a, b] = [context.required(0), context.required(1)];
  const channels = shape.at(-1)!;
  const isWhole = (x: Value) => elementCount(x.shape) === elementCount(shape);
  const isFactors = (x: Value) => elementCount(x.shape) === channels && x.shape.at(-1) === channels && !isWhole(x);
  if (isWhole(a) && isFactors(b)) return [a, b];
  return isWhole(b) && isFactors(a) ? [b, a] : undefined;
}

function fieldsOf(context: LowerContext, [a, b]: readonly Value[]): Record<string, ParamValue> {
  const y = context.output(0);
  return {
    a_offset: { int: -perTensor(a!).zeroPoint },
    b_offset: { int: -perTensor(b!).zeroPoint },
    y_offset: { int: perTensor(y).zeroPoint },
    y_factor: { fields: factorFields(productFactor(...sidesOf(context))) },
    activation: activation(clampOf(context, y)),
  };
}

/** Measured: 16 instructions an output with the vectors of the ESP32-S3, 72 in the library's C, 43 in nanoc's. */
function whyNotFaster(context: LowerContext): string | undefined {
  return variantOf(context) === 's3' ? undefined : "the library's C takes more instructions than nanoc's";
}
