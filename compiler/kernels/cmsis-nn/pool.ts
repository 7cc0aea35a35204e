/** AveragePool and MaxPool: `arm_avgpool_s8`, `arm_max_pool_s8`, and those for int16. */
import type { KernelCall } from '../../ir/kernel-call.js';
import { elementCount } from '../../ir/tensor.js';
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
const AVERAGE_S16: VendorFunction = { adapter: 'nanoc_cmsis_average_pool_s16', functions: ['arm_avgpool_s16'] };
const MAXIMUM_S16: VendorFunction = { adapter: 'nanoc_cmsis_max_pool_s16', functions: ['arm_max_pool_s16'] };
/** Elements of a window whose sums of halfwords are all tried. */
const MOST_TRIED = 128;

export const cmsisMaxPool = cmsisOption({
  ...MAXIMUM,
  whyNot: (context) => whyNotWindow(context),
  build: (context) => poolCall(context, MAXIMUM, 0, [-128, 127]),
});

export const cmsisMaxPoolS16 = cmsisOption({
  ...MAXIMUM_S16,
  whyNot: (context) => whyNotWindow(context, 'int16'),
  build: (context) => poolCall(context, MAXIMUM_S16, 0, [-32768, 32767]),
});

export const cmsisAveragePool = cmsisOption({
  ...AVERAGE,
  whyNot: (context) => whyNotAverage(context) ?? whyNotWindow(context),
  build: (context, library) => averageCall(context, library, AVERAGE),
});

export const cmsisAveragePoolS16 = cmsisOption({
  ...AVERAGE_S16,
  takes: 'int16',
  whyNot: (context) => {
    const refusal = whyNotAverage(context) ?? whyNotWindow(context, 'int16');
    if (refusal !== undefined) return refusal;
    return elementCount(loweredWindow(context).kernel) <= 32767 ? undefined : 'a sum can leave 32 bits';
  },
  build: (context, library) => averageCall(context, library, AVERAGE_S16),
});

function averageCall(context: LowerContext, { law }: Library, called: VendorFunction): KernelCall {
  const { low, high } = perTensor(context.output(0));
  const scratchBytes = averagePoolBytes(context.required(0).shape[3]!, coreOf(context));
  return poolCall(context, called, scratchBytes, [low, high], profileOf(context, law));
}

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
  if (context.required(0).dtype === 'int16' && elementCount(loweredWindow(context).kernel) > MOST_TRIED) {
    return { law, remarks: ['profile tflite: averages are rounded away from zero, by ONNX to even'] };
  }
  const first = differingSum(context, (sum, count) => Math.min(Math.max(vendorAverage(sum, count), low), high));
  if (first === undefined) return { remarks: [EVERY_SUM] };
  const { sum, count } = first;
  return {
    law,
    remarks: [`profile tflite: the sum ${sum} of ${count} elements is rounded away from zero, by ONNX not`],
  };
}
