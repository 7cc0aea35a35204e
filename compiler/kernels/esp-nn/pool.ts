/** MaxPool and AveragePool: `esp_nn_max_pool_s8`, `esp_nn_avg_pool_s8`. */
import type { KernelCall } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { finishAverage } from '../../ops/shared/average.js';
import { loweredWindow } from '../../ops/shared/pool.js';
import { isQuantized, perTensor } from '../../ops/shared/quantized.js';
import { activation, dims, type EspFunction, espCall, espOption, pair, variantOf } from './option.js';

const MAXIMUM: EspFunction = { adapter: 'nanoc_esp_max_pool_s8', functions: ['esp_nn_max_pool_s8_ansi'] };
const AVERAGE: EspFunction = { adapter: 'nanoc_esp_average_pool_s8', functions: ['esp_nn_avg_pool_s8_ansi'] };

/** Sums of so many bytes fit the 16 bits in which the S3's kernel adds. */
const S3_TAPS = 255;

export const espMaxPool = espOption({
  ...MAXIMUM,
  whyNot: (context) => {
    const refusal = whyNotWindow(context);
    if (refusal !== undefined) return refusal;
    const isOdd = variantOf(context) === 's3' && context.required(0).shape[3]! % 4 !== 0;
    return isOdd ? 'ESP32-S3: channels are no multiple of 4, and the kernel returns at once' : undefined;
  },
  build: (context) => poolCall(context, MAXIMUM, [-128, 127]),
});

export const espAveragePool = espOption({
  ...AVERAGE,
  whyNot: (context) => {
    const [x, y] = [context.required(0), context.output(0)];
    if (!isQuantized(x)) return 'the input is float32';
    const [from, to] = [perTensor(x), perTensor(y)];
    if (from.scale !== to.scale || from.zeroPoint !== to.zeroPoint) return 'input and output have different scales';
    const { pads } = loweredWindow(context);
    const countsPads = Number(context.node.attributes.count_include_pad ?? 0) === 1 && pads.some((pad) => pad > 0);
    if (countsPads) return 'padding counts';
    const counts = countsOf(context);
    if (variantOf(context) === 's3' && Math.max(...counts) > S3_TAPS) return 'ESP32-S3: a sum can leave 16 bits';
    return whyNotWindow(context) ?? whyNotRounded(context, counts);
  },
  build: (context) => {
    const { low, high } = perTensor(context.output(0));
    const remarks = ['profile onnx: every sum that a window can have gives the byte of ONNX'];
    return poolCall(context, AVERAGE, [low, high], { remarks });
  },
});

function whyNotWindow(context: LowerContext): string | undefined {
  const { dtype, shape } = context.required(0);
  if (dtype !== 'int8') return `the input is ${dtype}`;
  if (shape[0] !== 1) return 'more than one image';
  const { kernel, dilations, pads } = loweredWindow(context);
  if (dilations.some((n) => n !== 1)) return 'the window is dilated';
  return pads.some((pad, i) => pad >= kernel[i % 2]!) ? 'a window can lie in the padding alone' : undefined;
}

function poolCall(
  context: LowerContext,
  called: EspFunction,
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
function whyNotRounded(context: LowerContext, counts: ReadonlySet<number>): string | undefined {
  const finish = finishAverage(context);
  for (const count of counts) {
    const half = Math.trunc(count / 2);
    for (let sum = -128 * count; sum <= 127 * count; sum += 1) {
      const average = Math.trunc((sum > 0 ? sum + half : sum - half) / count);
      if (average !== finish(sum, count, count)) return `the sum ${sum} of ${count} bytes is rounded otherwise`;
    }
  }
  return undefined;
}

/** Numbers of elements that windows have inside the image. */
function countsOf(context: LowerContext): Set<number> {
  const { kernel, strides, pads, output } = loweredWindow(context);
  const inside = [0, 1].map((axis) => {
    const size = context.required(0).shape[axis + 1]!;
    return Array.from({ length: output[axis]! }, (_, i) => {
      const start = i * strides[axis]! - pads[axis]!;
      return Math.min(start + kernel[axis]!, size) - Math.max(start, 0);
    });
  });
  return new Set(inside[0]!.flatMap((rows) => inside[1]!.map((columns) => rows * columns)));
}
