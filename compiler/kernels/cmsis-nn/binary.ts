/** Add and Mul of two tensors of equal shape: `arm_elementwise_add_s8`, `arm_elementwise_mul_s8`. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import { elementCount } from '../../ir/tensor.js';
import type { Law } from '../../numerics/law.js';
import { productFactor, SUM_LEFT_SHIFT, sumFactors } from '../../numerics/vendor-binary.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { type BinaryRule, binaryOverlaps, isQuantizedInt8, quantizedRule } from '../../ops/shared/elementwise.js';
import { PAIRS, tabulatePairs } from '../../ops/shared/fixed-form.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
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

function sidesOf(context: LowerContext) {
  return [perTensor(context.required(0)), perTensor(context.required(1)), perTensor(context.output(0))] as const;
}

function whyNot(context: LowerContext, name: 'add' | 'mul'): string | undefined {
  const quantized = isQuantizedInt8(context);
  if (quantized !== true) return quantized;
  const shapes = [context.required(0), context.required(1), context.output(0)].map(({ shape }) => elementCount(shape));
  if (new Set(shapes).size > 1) return 'one input is repeated';
  const sides = sidesOf(context);
  const { shift } = name === 'add' ? sumFactors(...sides).y : productFactor(...sides);
  // With a left shift a result could leave 32 bits before it is clamped.
  return shift > 0 ? 'the output is finer than the library can scale' : undefined;
}

/** Both laws on all pairs of bytes. */
function profileOf(context: LowerContext, rule: BinaryRule, law: Law): Pick<KernelCall, 'law' | 'remarks'> {
  const lawful = { ...context, node: { ...context.node, attributes: { ...context.node.attributes, law } } };
  const [onnx, vendor] = [tabulatePairs(quantizedRule(context, rule)), tabulatePairs(quantizedRule(lawful, rule))];
  const differing = onnx.reduce((count, result, pair) => count + (result === vendor[pair] ? 0 : 1), 0);
  if (differing === 0) return { remarks: ['profile onnx: all pairs of bytes give the bytes of ONNX'] };
  return { law, remarks: [`profile tflite: ${differing} of ${PAIRS} pairs of bytes give another byte than ONNX`] };
}
