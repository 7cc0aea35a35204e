/**
 * The kernel option of the quantized Mul for cores with the DSP extension. A product of two bytes less their zero points times a fraction
 * of 2^32 is one SMMLAR, which rounds and adds the zero point of the result; the fraction is chosen so that all 65,536 pairs of bytes have
 * the bytes of the law in float32 (docs/NUMERICS.md).
 */
import type { KernelCall } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import {
  type BinaryRule,
  binaryCall,
  broadcastFields,
  isQuantizedInt8,
  quantizedRule,
  walksDense,
} from '../../ops/shared/elementwise.js';
import { tabulatePairs } from '../../ops/shared/fixed-form.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import { SAVED_BYTES } from './assembly.js';

const NAME = 'nanoc_mul_dsp_s8';

export function dspMul(rule: BinaryRule): KernelOption {
  return {
    function: NAME,
    family: 'native',
    needs: ['dsp', 'fpu'],
    when: (context) => {
      const quantized = isQuantizedInt8(context);
      if (quantized !== true) return quantized;
      if (!walksDense(context)) return 'an input repeats along the innermost dimension';
      return factorOf(context, rule) !== undefined || 'no factor gives the bytes of all pairs';
    },
    build: (context) => ({ call: buildCall(context, factorOf(context, rule)!) }),
  };
}

/**
 * A factor with which round(product * factor / 2^32) + y_zero, saturated, is the law for all pairs: the one nearest to the ratio of the
 * scales. Every pair bounds it from both sides; undefined where no number is left.
 */
export function factorOf(context: LowerContext, rule: BinaryRule): number | undefined {
  const [a, b, y] = [perTensor(context.required(0)), perTensor(context.required(1)), perTensor(context.output(0))];
  const [low, high] = clampOf(context, context.output(0));
  if (low !== -128 || high !== 127) return undefined;
  const law = tabulatePairs(quantizedRule(context, rule));
  let [least, most] = [-(2 ** 31), 2 ** 31 - 1];
  for (let i = 0; i < law.length; i += 1) {
    const product = ((i >> 8) - 128 - a.zeroPoint) * ((i & 0xff) - 128 - b.zeroPoint);
    const result = law[i]! - y.zeroPoint;
    if (product === 0) {
      if (result !== 0) return undefined;
      continue;
    }
    // Exact: numbers below 2^42, and quotients are only rounded to integers.
    const from = law[i] === low ? Number.NEGATIVE_INFINITY : (result - 0.5) * 2 ** 32;
    const to = law[i] === high ? Number.POSITIVE_INFINITY : (result + 0.5) * 2 ** 32 - 1;
    const [first, last] = product > 0 ? [from, to] : [to, from];
    least = Math.max(least, Math.ceil(first / product));
    most = Math.min(most, Math.floor(last / product));
  }
  const guess = Math.round(((a.scale * b.scale) / y.scale) * 2 ** 32);
  return least > most ? undefined : Math.min(Math.max(guess, least), most);
}

function buildCall(context: LowerContext, factor: number): KernelCall {
  const [a, b, y] = [perTensor(context.required(0)), perTensor(context.required(1)), perTensor(context.output(0))];
  const twice = (zero: number) => (-zero & 0xffff) * 0x10001;
  return binaryCall(
    context,
    NAME,
    {
      shape: { fields: broadcastFields(context) },
      product: {
        fields: {
          minus_a_zeros: { int: twice(a.zeroPoint) },
          minus_b_zeros: { int: twice(b.zeroPoint) },
          factor: { int: factor },
          y_zero: { int: y.zeroPoint },
        },
      },
    },
    { family: 'native', header: 'nanoc/dsp_layers.h', sources: [`arm-dsp/${NAME}.c`], assemblyStack: SAVED_BYTES },
  );
}
