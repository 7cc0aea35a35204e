/** Weights and biases as the vendors' libraries take them. */
import type { ParamValue } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { channelsLast, constantOf, transposed } from '../../ops/shared/convolution.js';

/** [channels][inner]: of a Conv with the taps before its inputs, of a MatMul its columns. */
export function weightRows(context: LowerContext): Int8Array {
  const { shape } = context.required(1);
  const data = constantOf(context, 1).data as Int8Array;
  return shape.length === 2 ? transposed(data, shape[0]!) : channelsLast(data, shape);
}

/** @param alignment bytes */
export function weightField(data: Int8Array, alignment: number): Record<'weights', ParamValue> {
  return { weights: { constant: { suffix: 'weights', data, role: 'weights', alignment } } };
}

/** The bias as ONNX has it, or NULL. */
export function biasField(context: LowerContext): Record<'bias', ParamValue> {
  if (context.input(2) === undefined) return { bias: { text: 'NULL' } };
  return { bias: { constant: { suffix: 'bias', data: constantOf(context, 2).data, role: 'bias' } } };
}
