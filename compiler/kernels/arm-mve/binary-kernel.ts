/** The kernel options of the quantized Add, Sub and Mul for cores with MVE. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import { quantize } from '../../numerics/requantize.js';
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
import { asMve } from './layers.js';

const f = Math.fround;

/** The law of an operator on the real numbers of two bytes, and the function that has it. */
interface FloatLaw {
  readonly function: string;
  readonly rule: BinaryRule;
  /** -1 for Sub: the law of a - b is that of a + (-b). */
  readonly sign: 1 | -1;
}

/**
 * In front of the portable kernels of Add, Sub and Mul.
 * @param portable the call of the portable kernel: an integer form for all pairs of bytes is taken over, and where no form of MVE is
 *   exact it stays
 */
export function mveBinary(law: FloatLaw, portable: (context: LowerContext) => KernelCall): KernelOption {
  return {
    function: law.function,
    family: 'native',
    needs: ['mve', 'fpu'],
    when: (context) => {
      const quantized = isQuantizedInt8(context);
      if (quantized !== true) return quantized;
      return walksDense(context) || 'an input repeats along the innermost dimension';
    },
    build: (context) => ({ call: buildCall(context, law, portable(context)) }),
  };
}

function buildCall(context: LowerContext, law: FloatLaw, portable: KernelCall): KernelCall {
  if (portable.function === 'nanoc_add_s8') return asMve(portable, 'nanoc_add_mve_s8');
  const inverse = inverseOf(context, law);
  if (inverse === undefined) return portable;
  const [a, b, y] = [perTensor(context.required(0)), perTensor(context.required(1)), perTensor(context.output(0))];
  const [low, high] = clampOf(context, context.output(0));
  const fields: Record<string, ParamValue> = {
    shape: { fields: broadcastFields(context) },
    a_zero: { int: a.zeroPoint },
    b_zero: { int: b.zeroPoint },
    y_zero: { int: y.zeroPoint },
    low: { int: low },
    high: { int: high },
    a_scale: { float: a.scale },
    b_scale: { float: law.sign * b.scale },
    y_inverse: { float: inverse },
  };
  const call = asMve(binaryCall(context, law.function, fields), law.function);
  const named = call.arguments.map((argument) =>
    argument.kind === 'params' ? { ...argument, struct: 'nanoc_mve_float_params' } : argument,
  );
  return { ...call, arguments: named };
}

/** A float32 near 1 / scale whose product gives the bytes of the division for all pairs; undefined where there is none. */
function inverseOf(context: LowerContext, { rule }: FloatLaw): number | undefined {
  const [a, b, y] = [perTensor(context.required(0)), perTensor(context.required(1)), perTensor(context.output(0))];
  const [low, high] = clampOf(context, context.output(0));
  const expected = tabulatePairs(quantizedRule(context, rule));
  const real = ({ scale, zeroPoint }: { scale: number; zeroPoint: number }) =>
    Array.from({ length: 256 }, (_, i) => f((i - 128 - zeroPoint) * scale));
  const [left, right] = [real(a), real(b)];
  const isExact = (inverse: number) =>
    expected.every((byte, i) => {
      const sum = rule.float(left[i >> 8]!, right[i & 0xff]!);
      return quantize(f(sum * inverse), 1, y.zeroPoint, low, high) === byte;
    });
  const guess = f(1 / y.scale);
  // Vectors flush denormal numbers to 0: with such scales there are none that matter.
  const usable = [guess, a.scale, b.scale].every((x) => x > 2 ** -100 && x < 2 ** 100);
  return usable ? neighbours(guess).find(isExact) : undefined;
}

/** A float32 and those next to it. */
function neighbours(x: number): number[] {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0]!;
  const offsets = [0, -1, 1, -2, 2];
  return offsets.map((offset) => new Float32Array(Uint32Array.of(bits + offset).buffer)[0]!);
}
