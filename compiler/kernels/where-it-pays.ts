/** What a kernel's own function costs in flash, and its scratch in RAM. */
import { byteLength } from '../ir/tensor.js';
import type { KernelOption, LowerContext } from '../ops/define.js';

/** A function of its own takes some 600 bytes; below this many weights it saves a few hundred instructions at most. */
const FEWEST_WEIGHTS = 1024;

/** The option, where the constant weights (input 1) are many enough. */
export function whereItPays(option: KernelOption): KernelOption {
  return {
    ...option,
    when: (context) => {
      const weights = context.input(1)?.constant?.data.length ?? 0;
      if (weights < FEWEST_WEIGHTS) return `fewer than ${FEWEST_WEIGHTS} weights: not worth a function of its own`;
      return option.when?.(context) ?? true;
    },
  };
}

/**
 * Whether another node's inputs and outputs alone take as much memory as this one with the scratch: then the arena does not grow.
 */
export function scratchIsFree({ graph, node }: LowerContext, bytes: number): boolean {
  const sizeOf = (names: readonly string[]) =>
    [...new Set(names)].reduce((sum, name) => {
      const value = name === '' ? undefined : graph.values.get(name);
      return value === undefined || value.constant !== undefined ? sum : sum + byteLength(value);
    }, 0);
  const own = sizeOf([...node.inputs, ...node.outputs]) + bytes;
  return graph.nodes.some((other) => other !== node && Math.max(sizeOf(other.inputs), sizeOf(other.outputs)) >= own);
}
