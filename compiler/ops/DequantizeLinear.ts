import type { Tensor } from '../ir/tensor.js';
import { dequantize } from '../numerics/requantize.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import {
  channelAt,
  functionFor,
  parametersOf,
  quantizationAttributes,
  quantizationCall,
} from './shared/quantize-linear.js';

const TYPES = ['int8', 'uint8', 'int16', 'uint16', 'int32'] as const;
/** uint16 is int16 by the time that kernels are chosen (signed-activations). */
const KERNEL_TYPES = ['int8', 'uint8', 'int16', 'int32'] as const;

/** y = (x - x_zero_point) * x_scale in float32. */
export default defineOp({
  name: 'DequantizeLinear',
  domain: '',
  opsets: [10, 13, 19, 21, 23, 24],
  summary: 'int8, uint8, int16, uint16 or int32 to float32, one scale or one for each index of an axis',
  inputs: [{ name: 'x' }, { name: 'x_scale' }, { name: 'x_zero_point', optional: true }],
  outputs: ['y'],
  attributes: quantizationAttributes,
  quantized: 'float',
  infer(view) {
    const x = view.required(0);
    if (!TYPES.includes(x.dtype as 'int8')) view.bad(`"${x.name}" is ${x.dtype}`, { expected: TYPES.join(', ') });
    const zero = view.input(2);
    if (zero !== undefined && zero.dtype !== x.dtype) {
      view.bad(`"${x.name}" is ${x.dtype} and its zero point ${zero.dtype}`, { expected: 'one type' });
    }
    return [{ dtype: 'float32', shape: x.shape }];
  },
  evaluate: (view, [x, scale, zero]) => [evaluateDequantize(view, x!, scale, zero)],
  kernels: KERNEL_TYPES.map((dtype) => ({
    function: functionFor('nanoc_dequantize', dtype),
    family: 'portable' as const,
    when: (context: LowerContext) => context.required(0).dtype === dtype || `the input is ${context.required(0).dtype}`,
    build: (context: LowerContext) => ({
      call: quantizationCall(context, functionFor('nanoc_dequantize', dtype), context.required(0)),
    }),
  })),
});

function evaluateDequantize(view: NodeView, x: Tensor, scale?: Tensor, zero?: Tensor): Tensor {
  const parameters = parametersOf(view, view.required(0), scale, zero);
  const channel = channelAt(x.shape, parameters);
  const data = Float32Array.from(x.data as Int32Array, (q, i) => {
    const c = channel(i);
    return dequantize(q, parameters.scale[c]!, parameters.zeroPoint[c]!);
  });
  return { dtype: 'float32', shape: x.shape, data };
}
