/** AveragePool and MaxPool: `arm_avgpool_s8`, `arm_max_pool_s8`. */
import type { KernelCall } from '../../ir/kernel-call.js';
import { vendorAverage } from '../../numerics/vendor-binary.js';
import type { LowerContext } from '../../ops/define.js';
import { loweredWindow } from '../../ops/shared/pool.js';
import { perTensor } from '../../ops/shared/quantized.js';
import type { Library } from '../../vendor/library.js';
import { activation, type VendorFunction } from '../vendor/option.js';
import { differingSum, EVERY_SUM, whyNotAverage, whyNotWindow } from '../vendor/pool.js';
import { cmsisCall, cmsisOption, coreOf, dims, tile } from './option.js';
import { averagePoolBytes } from './scratch.js';

const AVERAGE: VendorFunction = { adapter: 'nanoc_cmsis_average_pool_s8', functions: ['arm_avgpool_s8'] };
const MAXIMUM: VendorFunction = { adapter: 'nanoc_cmsis_max_pool_s8', functions: ['arm_max_pool_s8'] };

export const cmsisMaxPool = cmsisOption({
  ...MAXIMUM,
  whyNot: whyNotWindow,
  build: (context) => poolCall(context, MAXIMUM, 0, [-128, 127]),
});

export const cmsisAveragePool = cmsisOption({
  ...AVERAGE,
  whyNot: (context) => whyNotAverage(context) ?? whyNotWindow(context),
  build: (context, { law }) => {
    const { low, high } = perTensor(context.output(0));
    const scratchBytes = averagePoolBytes(context.required(0).shape[3]!, coreOf(context));
    return poolCall(context, AVERAGE, scratchBytes, [low, high], profileOf(context, law));
  },
});

function poolCall(
  context: LowerContext,
  called: VendorFunction,
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
  return cmsisCall(context, { ...called, inputs: [name], scratchBytes, fields }, extra);
}

/** Both laws on every sum of every number of taps that a window of this layer has. */
function profileOf(context: LowerContext, law: Library['law']): Pick<KernelCall, 'law' | 'remarks'> {
  const { low, high } = perTensor(context.output(0));
  const first = differingSum(context, (sum, count) => Math.min(Math.max(vendorAverage(sum, count), low), high));
  if (first === undefined) return { remarks: [EVERY_SUM] };
  const { sum, count } = first;
  return { law, remarks: [`profile tflite: the sum ${sum} of ${count} bytes is rounded away from zero, by ONNX not`] };
}
