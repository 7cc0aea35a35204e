/** What Gather, GatherElements and GatherND share: indices that count from the end, and what lies outside. */
import type { Value } from '../../ir/graph.js';
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { LowerContext, NodeView } from '../define.js';
import { checkIndexType } from './indices.js';
import { elementBytes, moveCall } from './views.js';

/** NANOC_GATHER_RANK. */
export const MOST_DIMENSIONS = 6;

/**
 * The data and the indices.
 * @throws NC0204 when the indices are no integers
 */
export function gatherOperands(view: NodeView): readonly [Value, Value] {
  const [data, indices] = [view.required(0), view.required(1)];
  checkIndexType(view, indices);
  return [data, indices];
}

/**
 * Negative indices count from the end. ONNX leaves an index out of range undefined; computed ones are clamped to the dimension, so that the
 * firmware never reads beyond the tensor.
 */
export function clampedIndex(index: number | bigint, size: number): number {
  const positive = Number(index) < 0 ? Number(index) + size : Number(index);
  return Math.min(Math.max(positive, 0), size - 1);
}

/** A call `name(data, indices, y, params)` of nanoc/move.h. */
export function gatherCall(context: LowerContext, name: string, fields: Record<string, ParamValue>): KernelCall {
  const [data, indices] = gatherOperands(context);
  return moveCall(context, name, {
    arguments: [
      { kind: 'value', value: data.name, access: 'read' },
      { kind: 'value', value: indices.name, access: 'read' },
      { kind: 'value', value: context.output(0).name, access: 'write' },
      { kind: 'params', struct: `${name}_params`, fields },
    ],
    overlaps: [],
    alignment: Math.max(elementBytes(data), elementBytes(indices)),
  });
}
