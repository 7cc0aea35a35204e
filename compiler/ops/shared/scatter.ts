/** What ScatterND and ScatterElements share: their inputs, and indices that count from the end. */
import type { Value } from '../../ir/graph.js';
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import { bytesPerElement } from '../../ir/tensor.js';
import type { AttributeSpec, InputSpec, LowerContext, NodeView } from '../define.js';
import { checkIndexType } from './indices.js';

/** NANOC_SCATTER_RANK. */
export const MOST_DIMENSIONS = 6;

export const scatterInputs: readonly InputSpec[] = [{ name: 'data' }, { name: 'indices' }, { name: 'updates' }];

export const reduction: AttributeSpec = {
  type: 'string',
  default: 'none',
  check: (value) => (value === 'none' ? undefined : `is ${String(value)}: only none is supported`),
};

/** The three inputs, with types that fit. */
export function scatterOperands(view: NodeView): readonly [Value, Value, Value] {
  const [data, indices, updates] = [view.required(0), view.required(1), view.required(2)];
  checkIndexType(view, indices);
  if (updates.dtype !== data.dtype) view.bad(`the updates are ${updates.dtype}`, { expected: data.dtype });
  return [data, indices, updates];
}

/**
 * An index of a dimension of `size`: negative ones count from the end. ONNX leaves others undefined: they are undefined here, and
 * nothing is written.
 */
export function indexWithin(index: number | bigint, size: number): number | undefined {
  const at = Number(index) < 0 ? Number(index) + size : Number(index);
  return at >= 0 && at < size ? at : undefined;
}

/** y is written over the data where it can be: then only the updates are moved. */
export function scatterCall(context: LowerContext, name: string, fields: Record<string, ParamValue>): KernelCall {
  const [data, indices, updates] = scatterOperands(context);
  const y = context.output(0);
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/scatter.h',
    sources: [`portable/${name}.c`],
    arguments: [
      ...[data, indices, updates].map((value) => ({ kind: 'value', value: value.name, access: 'read' }) as const),
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'params', struct: `${name}_params`, fields },
    ],
    overlaps: [{ input: data.name, output: y.name, lead: 0 }],
    macs: 0,
    alignment: Math.max(bytesPerElement(indices.dtype), bytesPerElement(data.dtype)),
  };
}
