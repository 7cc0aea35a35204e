/** Products of int16 activations with int8 weights: nanoc/halfwords.h. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { LowerContext } from '../define.js';
import { constantOf, inBlocksOfFour, macsOf, outputFields, weightZeroPoints, wideBias } from './convolution.js';
import { stepsOf } from './matrix-call.js';
import { leadOfSteps } from './overlap.js';

/**
 * Weights, bias and zero points as `nanoc_rows_s16` has them.
 * @param weights [channels][inner]
 * @param groups channels of one block never belong to two groups
 */
export function halfwordFields(
  context: LowerContext,
  weights: Int8Array,
  channels: number,
  groups: number,
): Record<string, ParamValue> {
  const zeros = weightZeroPoints(context.required(1), channels);
  const bias = context.input(2) === undefined ? undefined : (constantOf(context, 2).data as Int32Array);
  const folded = wideBias(weights, channels, zeros, bias, context.required(0));
  return {
    weights: { constant: { suffix: 'weights', data: inBlocksOfFour(weights, channels, groups), role: 'weights' } },
    bias: { constant: { suffix: 'bias', data: folded, role: 'bias' } },
    weight_zeros: zeros.some((zero) => zero !== 0)
      ? { constant: { suffix: 'weight_zeros', data: Int8Array.from(zeros), role: 'parameters' } }
      : { text: 'NULL' },
  };
}

/** The call of `nanoc_matmul_s16` for a node with inputs x and constant w. */
export function halfwordRows(
  context: LowerContext,
  weights: Int8Array,
  rows: number,
  inner: number,
  columns: number,
): KernelCall {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const fields: Record<string, ParamValue> = {
    rows: { int: rows },
    inner: { int: inner },
    columns: { int: columns },
    ...halfwordFields(context, weights, columns, 1),
    output: { fields: outputFields(context, x, w) },
  };
  const inElements = leadOfSteps(stepsOf(rows, inner, columns, false), rows * inner);
  return {
    node: context.node,
    family: 'portable',
    function: 'nanoc_matmul_s16',
    header: 'nanoc/halfwords.h',
    sources: ['matmul', 'one_row'].map((name) => `portable/nanoc_${name}_s16.c`),
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'params', struct: 'nanoc_matmul_s16_params', fields },
    ],
    overlaps: [{ input: x.name, output: y.name, lead: 2 * inElements }],
    alignment: 2,
    macs: macsOf(y, inner),
  };
}
