import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import { allocate, type Tensor } from '../ir/tensor.js';
import { cmsisSoftmax } from '../kernels/cmsis-nn/softmax.js';
import { expF32 } from '../numerics/float-math.js';
import { quantize } from '../numerics/requantize.js';
import { roundHalfEven } from '../numerics/round.js';
import { softmaxFactors, vendorSoftmax } from '../numerics/vendor-softmax.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import { isFloat, isQuantizedInt8 } from './shared/elementwise.js';
import { isQuantized, lawOf, perTensor } from './shared/quantized.js';
import * as softmax from './shared/softmax.js';

const f = Math.fround;

/**
 * e = exp(x - max), y = e * (1 / sum of e): all in float32, the sum in ascending order.
 * Quantized: x - max is taken on the integers, exactly, then scaled; the result is quantized by QuantizeLinear's rule.
 */
export default defineOp({
  name: 'Softmax',
  domain: '',
  opsets: [1, 11, 13],
  summary: 'any axis; quantized: exponentials from a table; float32',
  inputs: [{ name: 'input' }],
  outputs: ['output'],
  attributes: { axis: { type: 'int' } },
  quantized: 'integer',
  infer: (view) => [softmax.inferSoftmax(view)],
  normalize: softmax.normalizeSoftmax,
  evaluate: (view, [x]) => [evaluateSoftmax(view, x!)],
  kernels: [
    cmsisSoftmax,
    {
      function: 'nanoc_softmax_s8',
      family: 'portable',
      when: isQuantizedInt8,
      build: (context) => ({ call: quantizedCall(context) }),
    },
    {
      function: 'nanoc_softmax_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({ call: softmax.floatVectorCall(context, 'nanoc_softmax_f32', ['nanoc_exp']) }),
    },
  ],
});

function evaluateSoftmax(view: NodeView, x: Tensor): Tensor {
  const y = view.output(0);
  const data = allocate(y.dtype, x.data.length) as Float32Array;
  const input = x.data as Float32Array;
  if (lawOf(view) !== undefined) {
    const factors = softmaxFactors(perTensor(view.required(0)).scale);
    softmax.forEachVector(softmax.vectorsOf(view), (positions) => {
      const bytes = positions.map((at) => input[at]!);
      vendorSoftmax(bytes, factors).forEach((p, i) => {
        data[positions[i]!] = p;
      });
    });
    return { dtype: y.dtype, shape: y.shape, data };
  }
  const [exponential, finish] = rules(view);
  softmax.forEachVector(softmax.vectorsOf(view), (positions) => {
    const highest = positions.reduce((best, at) => Math.max(best, input[at]!), Number.NEGATIVE_INFINITY);
    const terms = positions.map((at) => exponential(f(input[at]! - highest)));
    const inverse = f(1 / terms.reduce((sum, term) => f(sum + term), 0));
    positions.forEach((at, i) => {
      data[at] = finish(f(terms[i]! * inverse));
    });
  });
  return { dtype: y.dtype, shape: y.shape, data };
}

/** The exponential of a distance from the largest element, and what is done to a probability. */
function rules(view: NodeView): [(distance: number) => number, (p: number) => number] {
  const x = view.required(0);
  if (!isQuantized(x)) return [expF32, (p) => p];
  const { scale } = perTensor(x);
  const y = perTensor(view.output(0));
  return [(d) => expF32(f(d * scale)), (p) => quantize(p, y.scale, y.zeroPoint, y.low, y.high)];
}

function quantizedCall(context: LowerContext): KernelCall {
  const [x, y] = [perTensor(context.required(0)), perTensor(context.output(0))];
  const table = Float32Array.from({ length: 256 }, (_, d) => expF32(f(-d * x.scale)));
  // The sum is 1 or more, so that p is at most e: from here on p / y_scale rounds to 0.
  const last = table.findLastIndex((e) => roundHalfEven(f(e / y.scale)) !== 0);
  const power = Number.isInteger(Math.log2(y.scale)) && y.scale > 2 ** -100;
  const { outer, count, inner } = softmax.vectorsOf(context);
  const fields: Record<string, ParamValue> = {
    outer: { int: outer },
    count: { int: count },
    inner: { int: inner },
    table: { constant: { suffix: 'table', data: table, role: 'table' } },
    cutoff: { int: last + 1 },
    y_scale: { float: y.scale },
    y_inverse: { float: power ? 1 / y.scale : 0 },
    y_zero: { int: y.zeroPoint },
  };
  const call = softmax.vectorCall(context, 'nanoc_softmax_s8');
  return { ...call, arguments: [...call.arguments, { kind: 'params', struct: 'nanoc_softmax_s8_params', fields }] };
}
