import type { Node } from '../ir/graph.js';
import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { withMve } from '../kernels/arm-mve/layers.js';
import { cmsisAveragePool, cmsisAveragePoolS16 } from '../kernels/cmsis-nn/pool.js';
import { espAveragePool } from '../kernels/esp-nn/pool.js';
import { averageScale } from '../numerics/requantize.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import { averageFields, averageParams, finishAverage } from './shared/average.js';
import { isFloat } from './shared/elementwise.js';
import * as pool from './shared/pool.js';
import { isQuantized, perTensor, resultOf } from './shared/quantized.js';
import type { Window } from './shared/window.js';

/**
 * Quantized, the law is exact integer sums and one requantization (docs/NUMERICS.md, "Averages"). Which elements count:
 * those inside the image, with count_include_pad also those of `pads`, never those that ceil_mode adds (opset 19).
 */
export default defineOp({
  name: 'AveragePool',
  domain: '',
  opsets: [1, 7, 10, 11, 19, 22],
  summary: '1-D and 2-D; count_include_pad, dilations, ceil_mode, auto_pad',
  inputs: [{ name: 'X' }],
  outputs: ['Y'],
  attributes: { ...pool.poolAttributes, count_include_pad: { type: 'int', default: 0 } },
  quantized: 'integer',
  infer: (view) => [pool.inferPool(view)],
  normalize: (view, editor) => pool.normalizePool(view, editor, { count_include_pad: view.int('count_include_pad') }),
  evaluate: (view, [x]) => [evaluateAveragePool(view, x!)],
  kernels: withMve([
    espAveragePool,
    cmsisAveragePool,
    cmsisAveragePoolS16,
    {
      function: 'nanoc_average_all_s8',
      family: 'portable',
      when: (context) => {
        if (!isQuantized(context.required(0))) return 'the input is float32';
        return coversAll(context) || 'the window is not the whole image';
      },
      build: (context) => ({ call: averageAllCall(context) }),
    },
    {
      function: 'nanoc_average_pool_s8',
      family: 'portable',
      when: (context) => isQuantized(context.required(0)) || 'the input is float32',
      build: (context) => ({ call: quantizedCall(context, 'nanoc_average_pool_s8') }),
    },
    {
      function: 'nanoc_average_pool_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({ call: floatCall(context) }),
    },
    {
      function: 'nanoc_average_pool_s16',
      family: 'portable',
      takes: 'int16',
      when: (context) => elementCount(pool.loweredWindow(context).kernel) <= 32767 || 'a sum can leave 32 bits',
      build: (context) => ({ call: quantizedCall(context, 'nanoc_average_pool_s16') }),
    },
  ]),
});

function evaluateAveragePool(view: NodeView, x: Tensor): Tensor {
  const { shape, window } = pool.poolGeometry(view);
  const finish = finishAverage(view);
  const [rows, columns] = [0, 1].map((axis) => countsOf(view.node, window, axis, shape[axis + 2]!)) as [
    number[],
    number[],
  ];
  const data = allocate(x.dtype, elementCount(view.output(0).shape));
  const floats = !isQuantized(view.required(0));
  pool.forEachWindow(shape, window, (position, taps, row, column) => {
    let sum = 0;
    for (const tap of taps) sum = floats ? Math.fround(sum + Number(x.data[tap])) : sum + Number(x.data[tap]);
    data[position] = finish(sum, taps.length, rows[row]! * columns[column]!);
  });
  return resultOf(view, data);
}

/** For each output index along an axis, how many taps count. */
function countsOf(node: Node, window: Window, axis: number, size: number): number[] {
  const { low, high } = countedRange(node, window, axis, size);
  return Array.from({ length: window.output[axis]! }, (_, index) => {
    const start = index * window.strides[axis]! - window.pads[axis]!;
    const taps = Array.from({ length: window.kernel[axis]! }, (_unused, k) => start + k * window.dilations[axis]!);
    return taps.filter((at) => at >= low && at < high).length;
  });
}

/** Positions that count, from `low` to `high`, not included. */
function countedRange(node: Node, window: Window, axis: number, size: number): { low: number; high: number } {
  if (Number(node.attributes.count_include_pad ?? 0) === 0) return { low: 0, high: size };
  return { low: -window.pads[axis]!, high: size + window.pads[axis + 2]! - pool.uncountedOf(node)[axis]! };
}

function averageWindowFields(context: LowerContext) {
  const { shape } = context.required(0);
  const window = pool.loweredWindow(context);
  const counts = Number(context.node.attributes.count_include_pad ?? 0);
  return {
    window: { fields: pool.windowFields(shape, window) },
    count_pad: { int: counts },
    count_h: { int: countedRange(context.node, window, 0, shape[1]!).high },
    count_w: { int: countedRange(context.node, window, 1, shape[2]!).high },
  };
}

/** One window, and it is the image: no padding counts. */
function coversAll(context: LowerContext): boolean {
  const [, height, width] = context.required(0).shape;
  const { kernel, pads, dilations } = pool.loweredWindow(context);
  const whole = kernel[0] === height && kernel[1] === width;
  return whole && [...pads, ...pool.uncountedOf(context.node)].every((p) => p === 0) && dilations.every((d) => d === 1);
}

function averageAllCall(context: LowerContext) {
  const [x, y] = [perTensor(context.required(0)), perTensor(context.output(0))];
  const { shape } = context.required(0);
  const [batches, height, width, channels] = shape as [number, number, number, number];
  const pixels = height * width;
  const fields = {
    batches: { int: batches },
    pixels: { int: pixels },
    channels: { int: channels },
    zero_sum: { int: x.zeroPoint * pixels },
    scale: { float: averageScale(x.scale, y.scale, pixels) },
    y_zero: { int: y.zeroPoint },
  };
  const struct = 'nanoc_average_all_s8_params';
  return pool.poolCall(context, 'nanoc_average_all_s8', struct, fields, shape, pool.loweredWindow(context));
}

function quantizedCall(context: LowerContext, name: string) {
  const { shape } = context.required(0);
  const fields = averageParams(averageWindowFields(context), averageFields(context));
  return pool.poolCall(context, name, `${name}_params`, fields, shape, pool.loweredWindow(context));
}

function floatCall(context: LowerContext) {
  const { shape } = context.required(0);
  const fields = averageWindowFields(context);
  return pool.poolCall(
    context,
    'nanoc_average_pool_f32',
    'nanoc_average_window',
    fields,
    shape,
    pool.loweredWindow(context),
  );
}
