/** Functions that are generated for one shape cost flash: a very small layer shares a portable one instead. */
import type { KernelOption } from '../ops/define.js';

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
