/** MaxPool and AveragePool: `esp_nn_max_pool_s8`, `esp_nn_avg_pool_s8`. */
import type { KernelCall } from '../../ir/kernel-call.js';
import { vendorAverage } from '../../numerics/vendor-binary.js';
import type { LowerContext } from '../../ops/define.js';
import { loweredWindow } from '../../ops/shared/pool.js';
import { perTensor } from '../../ops/shared/quantized.js';
import { activation, type VendorFunction } from '../vendor/option.js';
import { countsOf, differingSum, EVERY_SUM, whyNotAverage, whyNotWindow } from '../vendor/pool.js';
import { dims, espCall, espOption, pair, variantOf } from './option.js';

const MAXIMUM: VendorFunction = { adapter: 'nanoc_esp_max_pool_s8', functions: ['esp_nn_max_pool_s8_ansi'] };
const AVERAGE: VendorFunction = { adapter: 'nanoc_esp_average_pool_s8', functions: ['esp_nn_avg_pool_s8_ansi'] };

/** Sums of so many bytes fit the 16 bits in which the S3's kernel adds. */
const S3_TAPS = 255;

export const espMaxPool = espOption({
  ...MAXIMUM,
  whyNot: (context) => {
    const refusal = whyNotImage(context);
    if (refusal !== undefined) return refusal;
    const isOdd = variantOf(context) === 's3' && context.required(0).shape[3]! % 4 !== 0;
    return isOdd ? 'ESP32-S3: channels are no multiple of 4, and the kernel returns at once' : undefined;
  },
  build: (context) => poolCall(context, MAXIMUM, [-128, 127]),
});

export const espAveragePool = espOption({
  ...AVERAGE,
  whyNot: (context) => {
    const refusal = whyNotAverage(context);
    if (refusal !== undefined) return refusal;
    const isWide = variantOf(context) === 's3' && Math.max(...countsOf(context)) > S3_TAPS;
    return (isWide ? 'ESP32-S3: a sum can leave 16 bits' : undefined) ?? whyNotImage(context) ?? whyNotRounded(context);
  },
  build: (context) => {
    const { low, high } = perTensor(context.output(0));
    return poolCall(context, AVERAGE, [low, high], { remarks: [EVERY_SUM] });
  },
});

function whyNotImage(context: LowerContext): string | undefined {
  return whyNotWindow(context) ?? (context.required(0).shape[0] !== 1 ? 'more than one image' : undefined);
}

function poolCall(
  context: LowerContext,
  called: VendorFunction,
  bounds: readonly [number, number],
  extra: Partial<KernelCall> = {},
): KernelCall {
  const { shape, name } = context.required(0);
  const [, height, width, channels] = shape as [number, number, number, number];
  const { kernel, strides, pads, output } = loweredWindow(context);
  const fields = {
    input: dims(height, width, channels),
    output: dims(output[0]!, output[1]!, channels),
    stride: pair(strides),
    window: pair(kernel),
    padding: pair(pads),
    activation: activation(bounds),
  };
  return espCall(context, { ...called, inputs: [name], scratchBytes: 0, fields }, extra);
}

/** The library rounds the plain sum of bytes half away from zero; ONNX the real average half to even. */
function whyNotRounded(context: LowerContext): string | undefined {
  const first = differingSum(context, vendorAverage);
  return first === undefined ? undefined : `the sum ${first.sum} of ${first.count} bytes is rounded otherwise`;
}
