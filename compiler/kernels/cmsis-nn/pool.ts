/** AveragePool and MaxPool: `arm_avgpool_s8`, `arm_max_pool_s8`. */
import type { KernelCall } from '../../ir/kernel-call.js';
import { vendorAverage } from '../../numerics/vendor-binary.js';
import type { LowerContext } from '../../ops/define.js';
import { finishAverage } from '../../ops/shared/average.js';
import { loweredWindow } from '../../ops/shared/pool.js';
import { isQuantized, perTensor } from '../../ops/shared/quantized.js';
import type { Library } from '../../vendor/library.js';
import { activation, cmsisCall, cmsisOption, coreOf, dims, tile } from './option.js';
import { averagePoolBytes } from './scratch.js';

const AVERAGE = { adapter: 'nanoc_cmsis_average_pool_s8', functions: ['arm_avgpool_s8'] };
const MAXIMUM = { adapter: 'nanoc_cmsis_max_pool_s8', functions: ['arm_max_pool_s8'] };

export const cmsisMaxPool = cmsisOption({
  ...MAXIMUM,
  whyNot: whyNotWindow,
  build: (context) => poolCall(context, MAXIMUM, 0, [-128, 127]),
});

export const cmsisAveragePool = cmsisOption({
  ...AVERAGE,
  whyNot: (context) => {
    const [x, y] = [context.required(0), context.output(0)];
    if (!isQuantized(x)) return 'the input is float32';
    const [from, to] = [perTensor(x), perTensor(y)];
    if (from.scale !== to.scale || from.zeroPoint !== to.zeroPoint) return 'input and output have different scales';
    const pads = loweredWindow(context).pads;
    const countsPads = Number(context.node.attributes.count_include_pad ?? 0) === 1 && pads.some((pad) => pad > 0);
    return countsPads ? 'padding counts' : whyNotWindow(context);
  },
  build: (context, { law }) => {
    const { low, high } = perTensor(context.output(0));
    const scratchBytes = averagePoolBytes(context.required(0).shape[3]!, coreOf(context));
    return poolCall(context, AVERAGE, scratchBytes, [low, high], profileOf(context, law));
  },
});

function whyNotWindow(context: LowerContext): string | undefined {
  if (context.required(0).dtype !== 'int8') return `the input is ${context.required(0).dtype}`;
  const { kernel, dilations, pads } = loweredWindow(context);
  if (dilations.some((n) => n !== 1)) return 'the window is dilated';
  return pads.some((pad, i) => pad >= kernel[i % 2]!) ? 'a window can lie in the padding alone' : undefined;
}

function poolCall(
  context: LowerContext,
  { adapter, functions }: typeof AVERAGE,
  scratchBytes: number,
  bounds: readonly [number, number],
  extra: Partial<KernelCall> = {},
): KernelCall {
  const { shape, name } = context.required(0);
  const [batches, height, width, channels] = shape as [number, number, number, number];
  const { kernel, strides, pads, output } = loweredWindow(context);
  const fields = {
    layer: { fields: { stride: tile(strides), padding: tile(pads), activation: activation(bounds) } },
    input: dims(batches, height, width, channels),
    filter: dims(1, kernel[0]!, kernel[1]!, 1),
    output: dims(batches, output[0]!, output[1]!, channels),
    scratch_bytes: { int: scratchBytes },
  };
  return cmsisCall(context, { adapter, functions, inputs: [name], scratchBytes, fields }, extra);
}

/** Both laws on every sum of every number of taps that a window of this layer has. */
function profileOf(context: LowerContext, law: Library['law']): Pick<KernelCall, 'law' | 'remarks'> {
  const finish = finishAverage(context);
  const { low, high } = perTensor(context.output(0));
  const counts = countsOf(context);
  for (const count of counts) {
    for (let sum = -128 * count; sum <= 127 * count; sum += 1) {
      const average = Math.min(Math.max(vendorAverage(sum, count), low), high);
      if (average === finish(sum, count, count)) continue;
      return {
        law,
        remarks: [`profile tflite: the sum ${sum} of ${count} bytes is rounded away from zero, by ONNX not`],
      };
    }
  }
  return { remarks: ['profile onnx: every sum that a window can have gives the byte of ONNX'] };
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
