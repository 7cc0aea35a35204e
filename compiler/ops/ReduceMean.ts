import { elementCount } from '../ir/tensor.js';
import type { LowerContext } from './define.js';
import { averageFields, averageParams } from './shared/average.js';
import { poolCall, windowFields } from './shared/pool.js';
import { isQuantized } from './shared/quantized.js';
import { reducedAxes, reduceOperator } from './shared/reduce.js';
import type { Window } from './shared/window.js';

/** Quantized, the law is that of AveragePool (docs/NUMERICS.md, "Averages"). Neighbouring axes are a pool of one row. */
export default reduceOperator('Mean', [
  {
    function: 'nanoc_average_pool_s8',
    family: 'portable',
    when: (context) => {
      if (!isQuantized(context.required(0))) return 'the input is float32';
      const axes = reducedAxes(context);
      return axes.at(-1)! - axes[0]! === axes.length - 1 || 'the axes are not neighbours';
    },
    build: (context) => ({ call: rowCall(context) }),
  },
]);

/** [outer][reduced][inner] as [batch][1][width][channels]. */
function rowCall(context: LowerContext) {
  const { shape } = context.required(0);
  const axes = reducedAxes(context);
  const [first, last] = [axes[0]!, axes.at(-1)!];
  const count = elementCount(shape.slice(first, last + 1));
  const image = [elementCount(shape.slice(0, first)), 1, count, elementCount(shape.slice(last + 1))];
  const window: Window = { kernel: [1, count], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], output: [1, 1] };
  const fields = {
    window: { fields: windowFields(image, window) },
    count_pad: { int: 0 },
    count_h: { int: 1 },
    count_w: { int: count },
  };
  return poolCall(
    context,
    'nanoc_average_pool_s8',
    'nanoc_average_pool_s8_params',
    averageParams(fields, averageFields(context)),
    image,
    window,
  );
}
