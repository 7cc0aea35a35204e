import { geluF32, geluTanhF32 } from '../numerics/float-math.js';
import type { NodeView } from './define.js';
import { isFloat } from './shared/elementwise.js';
import { defineUnary, floatCall } from './shared/unary.js';

const isTanh = (view: NodeView): boolean => view.string('approximate') === 'tanh';

const definition = defineUnary({
  name: 'Gelu',
  opsets: [20],
  attributes: {
    approximate: {
      type: 'string',
      default: 'none',
      check: (value) => (value === 'none' || value === 'tanh' ? undefined : `is unknown: "${value}"`),
    },
  },
  rule: (view) => (isTanh(view) ? geluTanhF32 : geluF32),
  kernel: 'nanoc_gelu_f32',
  calls: ['nanoc_erf', 'nanoc_exp'],
});

/** x / 2 * (1 + erf(x / sqrt(2))), or its approximation with tanh. */
export default {
  ...definition,
  kernels: [
    ...definition.kernels!.slice(0, -1),
    {
      function: 'nanoc_gelu_tanh_f32',
      family: 'portable' as const,
      when: (context: NodeView) => (isTanh(context) ? isFloat(context) : 'approximate is "none"'),
      build: (context: Parameters<typeof floatCall>[0]) => ({
        call: floatCall(context, 'nanoc_gelu_tanh_f32', [], ['nanoc_tanh', 'nanoc_exp']),
      }),
    },
    definition.kernels!.at(-1)!,
  ],
};
