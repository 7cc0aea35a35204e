/** Add and Mul of two tensors of equal shape: `arm_elementwise_add_s8`, `arm_elementwise_mul_s8`. */
import type { ParamValue } from '../../ir/kernel-call.js';
import { elementCount } from '../../ir/tensor.js';
import { productFactor, SUM_LEFT_SHIFT, sumFactors } from '../../numerics/vendor-binary.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { type BinaryRule, binaryOverlaps } from '../../ops/shared/elementwise.js';
import { clampOf } from '../../ops/shared/quantized.js';
import { profileOf, sidesOf, whyNotEqual, whyNotShifted } from '../vendor/binary.js';
import { activation, factorFields } from '../vendor/option.js';
import { cmsisCall, cmsisOption } from './option.js';

export function cmsisAdd(rule: BinaryRule): KernelOption {
  return binaryOption('add', rule, (context) => {
    const [a, b, y] = sidesOf(context);
    const factors = sumFactors(a, b, y);
    return {
      left_shift: { int: SUM_LEFT_SHIFT },
      a_factor: { fields: factorFields(factors.a) },
      b_factor: { fields: factorFields(factors.b) },
      y_factor: { fields: factorFields(factors.y) },
    };
  });
}

export function cmsisMul(rule: BinaryRule): KernelOption {
  return binaryOption('mul', rule, (context) => ({
    y_factor: { fields: factorFields(productFactor(...sidesOf(context))) },
  }));
}

function binaryOption(
  name: 'add' | 'mul',
  rule: BinaryRule,
  fieldsOf: (context: LowerContext) => Record<string, ParamValue>,
): KernelOption {
  const adapter = `nanoc_cmsis_${name}_s8`;
  const functions = [`arm_elementwise_${name}_s8`];
  return cmsisOption({
    adapter,
    functions,
    whyNot: (context) => whyNot(context, name),
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
      return cmsisCall(
        context,
        { adapter, functions, inputs, scratchBytes: 0, fields },
        { overlaps: binaryOverlaps(context), ...profileOf(context, rule, law) },
      );
    },
  });
}

function whyNot(context: LowerContext, name: 'add' | 'mul'): string | undefined {
  const unequal = whyNotEqual(context);
  if (unequal !== undefined) return unequal;
  const sides = sidesOf(context);
  return whyNotShifted(name === 'add' ? sumFactors(...sides).y : productFactor(...sides));
}
