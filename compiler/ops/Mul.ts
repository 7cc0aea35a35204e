import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import { dspMul } from '../kernels/arm-dsp/product-kernel.js';
import { mveBinary } from '../kernels/arm-mve/binary-kernel.js';
import { cmsisMul } from '../kernels/cmsis-nn/binary.js';
import { espMul, espMulChannel } from '../kernels/esp-nn/mul.js';
import { vendorProduct } from '../numerics/vendor-binary.js';
import { defineOp, type LowerContext } from './define.js';
import {
  type BinaryRule,
  broadcastFields,
  evaluateBinary,
  floatBinaryCall,
  halfwordsKernel,
  inferBinary,
  isFloat,
  isQuantizedInt8,
  quantizedRule,
} from './shared/elementwise.js';
import { type FormProblem, findFixedForm, PAIRS, tabulatePairs } from './shared/fixed-form.js';
import { clampOf, perTensor } from './shared/quantized.js';
import { formCall } from './shared/quantized-sum.js';

const rule: BinaryRule = {
  float: (a, b) => Math.fround(a * b),
  integer: (a, b) => a * b,
  vendor: vendorProduct,
};

/** Quantized: Q(DQ(a) * DQ(b)), each step in float32 (docs/NUMERICS.md). */
export default defineOp({
  name: 'Mul',
  domain: '',
  opsets: [7, 13, 14],
  summary: 'ONNX broadcasting; quantized: two tensors of 8 or of 16 bits, each with its own scale',
  inputs: [{ name: 'A' }, { name: 'B' }],
  outputs: ['C'],
  attributes: {},
  quantized: 'integer',
  infer: (view) => [inferBinary(view)],
  evaluate: (view, [a, b]) => [evaluateBinary(view, a!, b!, rule)],
  kernels: [
    espMul(rule),
    espMulChannel(rule),
    cmsisMul(rule),
    cmsisMul(rule, 'int16'),
    mveBinary({ function: 'nanoc_mul_float_mve_s8', rule, sign: 1 }, productCall),
    dspMul(rule),
    {
      function: 'nanoc_mul_s8',
      family: 'portable',
      when: isQuantizedInt8,
      build: (context) => ({ call: productCall(context) }),
    },
    {
      function: 'nanoc_mul_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({ call: floatBinaryCall(context, 'nanoc_mul_f32') }),
    },
    halfwordsKernel('mul'),
  ],
});

function productCall(context: LowerContext): KernelCall {
  const [a, b, y] = [perTensor(context.required(0)), perTensor(context.required(1)), perTensor(context.output(0))];
  const [low, high] = clampOf(context, context.output(0));
  const law = tabulatePairs(quantizedRule(context, rule));
  const ratio = (a.scale * b.scale) / y.scale;
  const form = findFixedForm({
    law,
    low,
    high,
    yZero: y.zeroPoint,
    ...productProblem(ratio, [a.zeroPoint, b.zeroPoint]),
  });
  const [highFactor, lowFactor] = form.factors;
  const fixed: Record<string, ParamValue> = {
    shape: { fields: broadcastFields(context) },
    a_zero: { int: a.zeroPoint },
    b_zero: { int: b.zeroPoint },
    high_factor: { int: highFactor },
    low_factor: { int: lowFactor },
    offset: { int: form.offset },
    shift: { int: form.shift },
    y_zero: { int: y.zeroPoint },
    low: { int: low },
    high: { int: high },
  };
  const scales: Record<string, ParamValue> = {
    near: { int: form.near },
    a_scale: { float: a.scale },
    b_scale: { float: b.scale },
    y_scale: { float: y.scale },
  };
  return formCall(context, 'mul', form, fixed, scales);
}

/** As `nanoc_scale_product`: the factor is split at bit 14, so that a product of 17 bits times a part fits 32. */
const SPLIT = 14;
const NUDGES = [0, -1, 1, -2, 2, -4, 4, -8, 8];

function productProblem(
  ratio: number,
  zeros: readonly [number, number],
): Pick<FormProblem, 'shift' | 'candidates' | 'numbers'> {
  // A product of bytes less their zero points is below 2^16; a result with its zero point and the rounding below 512.
  const reach = 2 ** 16 * ratio + 512;
  return {
    shift: Math.min(22, Math.floor(Math.log2(2 ** 31 / reach))),
    candidates: (shift) => {
      const factor = Math.round(ratio * 2 ** (shift + SPLIT));
      const nearby = NUDGES.map((nudge) => Math.max(factor + nudge, 0));
      return nearby.map((n) => [Math.floor(n / 2 ** SPLIT), n % 2 ** SPLIT] as const);
    },
    numbers: ([highFactor, lowFactor]) => {
      const numbers = new Int32Array(PAIRS);
      let to = 0;
      for (let a = -128 - zeros[0]; a < 128 - zeros[0]; a += 1) {
        for (let b = -128 - zeros[1]; b < 128 - zeros[1]; b += 1) {
          const product = a * b;
          numbers[to++] = product * highFactor + ((product * lowFactor) >> SPLIT);
        }
      }
      return numbers;
    },
  };
}
