/** Add and Mul of two tensors of equal shape: `arm_elementwise_add_s8`, `arm_elementwise_mul_s8`, and those for int16. */
import type { ParamValue } from '../../ir/kernel-call.js';
import { elementCount } from '../../ir/tensor.js';
import { productFactor, type SideType, SUM_LEFT_SHIFT, sumFactors } from '../../numerics/vendor-binary.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { type BinaryRule, binaryOverlaps } from '../../ops/shared/elementwise.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import { profileOf, sidesOf, whyNotEqual, whyNotRepeated, whyNotShifted } from '../vendor/binary.js';
import { activation, factorFields } from '../vendor/option.js';
import { HALFWORD_PROFILE, noZeroPoint } from './halfwords.js';
import { cmsisCall, cmsisOption } from './option.js';

export function cmsisAdd(rule: BinaryRule, type: SideType = 'int8'): KernelOption {
  return binaryOption('add', rule, type, (context) => {
    const factors = sumFactors(sidesOf(context), type);
    return {
      left_shift: { int: SUM_LEFT_SHIFT[type] },
      a_factor: { fields: factorFields(factors.a) },
      b_factor: { fields: factorFields(factors.b) },
      y_factor: { fields: factorFields(factors.y) },
    };
  });
}

export function cmsisMul(rule: BinaryRule, type: SideType = 'int8'): KernelOption {
  return binaryOption('mul', rule, type, (context) => ({
    y_factor: { fields: factorFields(productFactor(...sidesOf(context))) },
  }));
}

function binaryOption(
  name: 'add' | 'mul',
  rule: BinaryRule,
  type: SideType,
  fieldsOf: (context: LowerContext) => Record<string, ParamValue>,
): KernelOption {
  const suffix = type === 'int8' ? 's8' : 's16';
  const adapter = `nanoc_cmsis_${name}_${suffix}`;
  const functions = [`arm_elementwise_${name}_${suffix}`];
  return cmsisOption({
    adapter,
    functions,
    ...(type === 'int16' ? { takes: 'int16' } : {}),
    whyNot: (context) => whyNot(context, name, type),
    build: (context, { law }) => {
      const [a, b, y] = sidesOf(context);
      const fields = {
        count: { int: elementCount(context.output(0).shape) },
        a_offset: { int: -a.zeroPoint },
        b_offset: { int: -b.zeroPoint },
        y_offset: { int: y.zeroPoint },
        ...fieldsOf(context),
        activation: activation(clampOf(context, context.output(0))),
      };
      const inputs = [context.required(0).name, context.required(1).name];
      // Of pairs of halfwords there are too many to try them all.
      const profile = type === 'int8' ? profileOf(context, rule, law) : { law, remarks: [HALFWORD_PROFILE] };
      return cmsisCall(
        context,
        { adapter, functions, inputs, scratchBytes: 0, fields },
        { overlaps: binaryOverlaps(context), ...profile },
      );
    },
  });
}

/** The functions for int16 take zero points, and leave them out of account. */
function whyNotHalfwords(context: LowerContext): string | undefined {
  const values = [context.required(0), context.required(1), context.output(0)];
  const other = values.find(({ dtype }) => dtype !== 'int16');
  if (other !== undefined) return `"${other.name}" is ${other.dtype}`;
  const shifted = values.find((value) => perTensor(value).zeroPoint !== 0);
  return shifted === undefined ? whyNotRepeated(context) : noZeroPoint(shifted.name);
}

function whyNot(context: LowerContext, name: 'add' | 'mul', type: SideType): string | undefined {
  const unfit = type === 'int8' ? whyNotEqual(context) : whyNotHalfwords(context);
  if (unfit !== undefined) return unfit;
  const sides = sidesOf(context);
  return whyNotShifted(name === 'add' ? sumFactors(sides, type).y : productFactor(...sides));
}
