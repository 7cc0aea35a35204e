/** Which calls of a program run for an input. */
import type { Graph } from '../ir/graph.js';
import type { KernelCall } from '../ir/kernel-call.js';
import type { Tensor } from '../ir/tensor.js';
import { isTaken } from './evaluate.js';

/**
 * Whether the guards of a call hold.
 * @param device the lowered graph
 * @param tensors the values of the reference graph
 */
export function callIsTaken({ guards = [] }: KernelCall, device: Graph, tensors: ReadonlyMap<string, Tensor>): boolean {
  const onnxName = (name: string) => device.values.get(name)?.source?.name ?? name;
  return isTaken(
    guards.map((guard) => ({ ...guard, selector: onnxName(guard.selector) })),
    tensors,
  );
}
