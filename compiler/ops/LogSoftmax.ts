import type { Tensor } from '../ir/tensor.js';
import { expF32, logF32 } from '../numerics/float-math.js';
import { defineOp, type NodeView } from './define.js';
import { isFloat } from './shared/elementwise.js';
import * as softmax from './shared/softmax.js';

const f = Math.fround;

/** (x - max) - log(sum of exp(x - max)), in float32, the sum in ascending order. */
export default defineOp({
  name: 'LogSoftmax',
  domain: '',
  opsets: [1, 11, 13],
  summary: 'any axis; float32',
  inputs: [{ name: 'input' }],
  outputs: ['output'],
  attributes: { axis: { type: 'int' } },
  quantized: 'float',
  infer: (view) => [softmax.inferSoftmax(view)],
  normalize: softmax.normalizeSoftmax,
  evaluate: (view, [x]) => [evaluateLogSoftmax(view, x!)],
  kernels: [
    {
      function: 'nanoc_log_softmax_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({
        call: softmax.floatVectorCall(context, 'nanoc_log_softmax_f32', ['nanoc_exp', 'nanoc_log']),
      }),
    },
  ],
});

function evaluateLogSoftmax(view: NodeView, x: Tensor): Tensor {
  const input = x.data as Float32Array;
  const data = new Float32Array(input.length);
  softmax.forEachVector(softmax.vectorsOf(view), (positions) => {
    const highest = positions.reduce((best, at) => Math.max(best, input[at]!), Number.NEGATIVE_INFINITY);
    const logSum = logF32(positions.reduce((sum, at) => f(sum + expF32(f(input[at]! - highest))), 0));
    for (const at of positions) data[at] = f(f(input[at]! - highest) - logSum);
  });
  return { dtype: 'float32', shape: x.shape, data };
}
