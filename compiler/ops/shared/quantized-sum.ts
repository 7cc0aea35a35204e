/** The kernels of the quantized Add and Sub: a * aFactor + b * bFactor in fixed point, or float32 near ties. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { LowerContext } from '../define.js';
import { type BinaryRule, binaryCall, broadcastFields, quantizedRule } from './elementwise.js';
import { type FixedForm, type FormProblem, findFixedForm, PAIRS, tabulatePairs } from './fixed-form.js';
import { clampOf, perTensor } from './quantized.js';

/** Candidates for the last bits of a factor: rounding of its neighbour may ask for another. */
const NUDGES = [0, -1, 1, -2, 2];

/** @param sign 1 for Add, -1 for Sub: the law of a - b is that of a + (-b). */
export function sumCall(context: LowerContext, rule: BinaryRule, sign: 1 | -1): KernelCall {
  const [a, b, y] = [perTensor(context.required(0)), perTensor(context.required(1)), perTensor(context.output(0))];
  const [low, high] = clampOf(context, context.output(0));
  const law = tabulatePairs(quantizedRule(context, rule));
  const ratios = [a.scale / y.scale, (sign * b.scale) / y.scale] as const;
  const zeros = [a.zeroPoint, b.zeroPoint] as const;
  const form = findFixedForm({ law, low, high, yZero: y.zeroPoint, ...sumProblem(ratios, zeros) });
  const [aFactor, bFactor] = form.factors;
  const fixed: Record<string, ParamValue> = {
    shape: { fields: broadcastFields(context) },
    a_factor: { int: aFactor },
    b_factor: { int: bFactor },
    offset: { int: form.offset - a.zeroPoint * aFactor - b.zeroPoint * bFactor },
    shift: { int: form.shift },
    y_zero: { int: y.zeroPoint },
    low: { int: low },
    high: { int: high },
  };
  const scales: Record<string, ParamValue> = {
    near: { int: form.near },
    a_zero: { int: a.zeroPoint },
    b_zero: { int: b.zeroPoint },
    a_scale: { float: a.scale },
    b_scale: { float: sign * b.scale },
    y_scale: { float: y.scale },
  };
  return formCall(context, 'add', form, fixed, scales);
}

/** The call of the kernel of this form: `nanoc_<stem>_s8`, `_even_s8` or `_near_s8`. */
export function formCall(
  context: LowerContext,
  stem: string,
  form: FixedForm,
  fixed: Record<string, ParamValue>,
  scales: Record<string, ParamValue>,
): KernelCall {
  if (form.kind === 'near') {
    const share = `${(100 * form.floatShare).toPrecision(2)} % of the pairs of bytes are computed in float32: no integer form gives ONNX's bytes there`;
    return binaryCall(context, `nanoc_${stem}_near_s8`, { fixed: { fields: fixed }, ...scales }, { remarks: [share] });
  }
  const name = form.kind === 'plain' ? `nanoc_${stem}_s8` : `nanoc_${stem}_even_s8`;
  const call = binaryCall(context, name, fixed);
  const named = call.arguments.map((argument) =>
    argument.kind === 'params' ? { ...argument, struct: `nanoc_${stem}_s8_params` } : argument,
  );
  return { ...call, arguments: named };
}

function sumProblem(
  ratios: readonly [number, number],
  zeros: readonly [number, number],
): Pick<FormProblem, 'shift' | 'candidates' | 'numbers'> {
  // Bytes less their zero points are below 256, and so are a result, its zero point and the rounding together.
  const reach = 256 * (Math.abs(ratios[0]) + Math.abs(ratios[1])) + 512;
  return {
    shift: Math.min(24, Math.floor(Math.log2(2 ** 31 / reach))),
    candidates: (shift) => {
      const [first, second] = ratios.map((ratio) => Math.round(ratio * 2 ** shift)) as [number, number];
      return NUDGES.flatMap((i) => NUDGES.map((j) => [first + i, second + j] as const));
    },
    numbers: ([aFactor, bFactor]) => {
      const numbers = new Int32Array(PAIRS);
      let to = 0;
      for (let a = -128 - zeros[0]; a < 128 - zeros[0]; a += 1) {
        for (let b = -128 - zeros[1]; b < 128 - zeros[1]; b += 1) numbers[to++] = a * aFactor + b * bFactor;
      }
      return numbers;
    },
  };
}
