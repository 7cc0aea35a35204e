/** Operators that only rename or window memory, and what the calls of nanoc/move.h have in common. */
import type { Value } from '../../ir/graph.js';
import type { KernelCall } from '../../ir/kernel-call.js';
import { bytesPerElement } from '../../ir/tensor.js';
import type { KernelOption, LowerContext } from '../define.js';

/**
 * The "kernel" of an operator whose output is one contiguous piece of its first input: a view. Where the storage cannot be
 * shared (state, outputs of the model), 5-plan adds the copy.
 * @param offset where the piece starts, in elements; a text says why it is not contiguous
 */
export function windowKernel(offset: (context: LowerContext) => number | string): KernelOption {
  return {
    function: 'view',
    family: 'portable',
    when(context) {
      const start = offset(context);
      return typeof start === 'string' ? start : true;
    },
    build(context) {
      const [x, y] = [context.required(0), context.output(0)];
      const byteOffset = Number(offset(context)) * bytesPerElement(x.dtype);
      return { views: [{ node: context.node, value: y.name, base: x.name, byteOffset }] };
    },
  };
}

/** A call of a kernel of nanoc/move.h. */
export function moveCall(
  context: LowerContext,
  name: string,
  rest: Pick<KernelCall, 'arguments' | 'overlaps'> & Partial<KernelCall>,
): KernelCall {
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/move.h',
    sources: [`portable/${name}.c`],
    macs: 0,
    alignment: bytesPerElement(context.output(0).dtype),
    ...rest,
  };
}

/** Element size of a value that is moved, in bytes. */
export function elementBytes(value: Value): number {
  return bytesPerElement(value.dtype);
}
