/** What the options of both libraries for Add and Mul have in common. */
import type { KernelCall } from '../../ir/kernel-call.js';
import { elementCount } from '../../ir/tensor.js';
import type { Law } from '../../numerics/law.js';
import type { LowerContext } from '../../ops/define.js';
import { type BinaryRule, isQuantizedInt8, quantizedRule } from '../../ops/shared/elementwise.js';
import { PAIRS, tabulatePairs } from '../../ops/shared/fixed-form.js';
import { perTensor } from '../../ops/shared/quantized.js';

/** Both inputs and the output. */
export function sidesOf(context: LowerContext) {
  return [perTensor(context.required(0)), perTensor(context.required(1)), perTensor(context.output(0))] as const;
}

/** Why no function for two tensors of equal shape fits. */
export function whyNotEqual(context: LowerContext): string | undefined {
  const quantized = isQuantizedInt8(context);
  return quantized === true ? whyNotRepeated(context) : quantized;
}

/** The libraries walk both inputs side by side. */
export function whyNotRepeated(context: LowerContext): string | undefined {
  const shapes = [context.required(0), context.required(1), context.output(0)].map(({ shape }) => elementCount(shape));
  return new Set(shapes).size > 1 ? 'one input is repeated' : undefined;
}

/** With a left shift a result could leave 32 bits before it is clamped. */
export function whyNotShifted({ shift }: { readonly shift: number }): string | undefined {
  return shift > 0 ? 'the output is finer than the library can scale' : undefined;
}

/** Both laws on all pairs of bytes. */
export function profileOf(context: LowerContext, rule: BinaryRule, law: Law): Pick<KernelCall, 'law' | 'remarks'> {
  const lawful = { ...context, node: { ...context.node, attributes: { ...context.node.attributes, law } } };
  const [onnx, vendor] = [tabulatePairs(quantizedRule(context, rule)), tabulatePairs(quantizedRule(lawful, rule))];
  const differing = onnx.reduce((count, result, pair) => count + (result === vendor[pair] ? 0 : 1), 0);
  if (differing === 0) return { remarks: ['profile onnx: all pairs of bytes give the bytes of ONNX'] };
  return { law, remarks: [`profile tflite: ${differing} of ${PAIRS} pairs of bytes give another byte than ONNX`] };
}
