/** The law of averages of quantized values (docs/NUMERICS.md, "Averages"), for AveragePool and ReduceMean. */
import type { ParamValue } from '../../ir/kernel-call.js';
import { averageScale, requantize } from '../../numerics/requantize.js';
import { clamp } from '../../numerics/round.js';
import { vendorAverage } from '../../numerics/vendor-binary.js';
import type { LowerContext, NodeView } from '../define.js';
import { isQuantized, lawOf, perTensor } from './quantized.js';

/**
 * From the sum of `taps` elements to the average over `count`: elements that count but are not summed are real zeros.
 * Nothing to average (count 0) gives real zero.
 */
export function finishAverage(view: NodeView): (sum: number, taps: number, count: number) => number {
  const X = view.required(0);
  if (!isQuantized(X)) return (sum, _, count) => (count > 0 ? Math.fround(sum / count) : 0);
  const [x, y] = [perTensor(X), perTensor(view.output(0))];
  if (lawOf(view) !== undefined) return (sum, _, count) => clamp(vendorAverage(sum, count), y.low, y.high);
  return (sum, taps, count) => {
    const scale = count > 0 ? averageScale(x.scale, y.scale, count) : 1;
    return requantize(sum - taps * x.zeroPoint, scale, y.zeroPoint, y.low, y.high);
  };
}

/** Fields of `nanoc_average_pool_s8_params` behind its window. */
export function averageFields(context: LowerContext): Record<string, ParamValue> {
  const [x, y] = [perTensor(context.required(0)), perTensor(context.output(0))];
  return {
    x_zero: { int: x.zeroPoint },
    x_scale: { float: x.scale },
    y_scale: { float: y.scale },
    y_zero: { int: y.zeroPoint },
    low: { int: y.low },
    high: { int: y.high },
  };
}

export function averageParams(
  window: Readonly<Record<string, ParamValue>>,
  quantization: Readonly<Record<string, ParamValue>>,
): Record<string, ParamValue> {
  return { average: { fields: window }, ...quantization };
}
