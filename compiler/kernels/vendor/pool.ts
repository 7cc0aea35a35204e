/** MaxPool and AveragePool as the vendors' libraries compute them. */
import type { LowerContext } from '../../ops/define.js';
import { finishAverage } from '../../ops/shared/average.js';
import { loweredWindow } from '../../ops/shared/pool.js';
import { isQuantized, perTensor } from '../../ops/shared/quantized.js';

export const EVERY_SUM = 'profile onnx: every sum that a window can have gives what ONNX gives';

export function whyNotWindow(context: LowerContext, taken: 'int8' | 'int16' = 'int8'): string | undefined {
  const { dtype } = context.required(0);
  if (dtype !== taken) return `the input is ${dtype}`;
  const { kernel, dilations, pads } = loweredWindow(context);
  if (dilations.some((n) => n !== 1)) return 'the window is dilated';
  return pads.some((pad, i) => pad >= kernel[i % 2]!) ? 'a window can lie in the padding alone' : undefined;
}

/** The libraries average what lies inside the image. */
export function whyNotAverage(context: LowerContext): string | undefined {
  const [x, y] = [context.required(0), context.output(0)];
  if (!isQuantized(x)) return 'the input is float32';
  const [from, to] = [perTensor(x), perTensor(y)];
  if (from.scale !== to.scale || from.zeroPoint !== to.zeroPoint) return 'input and output have different scales';
  const { pads } = loweredWindow(context);
  const countsPads = Number(context.node.attributes.count_include_pad ?? 0) === 1 && pads.some((pad) => pad > 0);
  return countsPads ? 'padding counts' : undefined;
}

/** The first sum of elements, of so many, whose average is another one than ONNX's. */
export function differingSum(
  context: LowerContext,
  averageOf: (sum: number, count: number) => number,
): { readonly sum: number; readonly count: number } | undefined {
  const finish = finishAverage(context);
  const { low, high } = perTensor(context.required(0));
  for (const count of countsOf(context)) {
    for (let sum = low * count; sum <= high * count; sum += 1) {
      if (averageOf(sum, count) !== finish(sum, count, count)) return { sum, count };
    }
  }
  return undefined;
}

/** Numbers of elements that windows have inside the image. */
export function countsOf(context: LowerContext): Set<number> {
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
