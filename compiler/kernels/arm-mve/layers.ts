/** Kernels for MVE that do not depend on the shape: each takes the call of its portable sibling, whose contract it has. */
import type { KernelCall } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';

/** The MVE siblings of portable functions. */
const SIBLINGS: Readonly<Record<string, string>> = {
  nanoc_average_all_s8: 'nanoc_average_all_mve_s8',
  nanoc_max_pool_s8: 'nanoc_max_pool_mve_s8',
  nanoc_table_s8: 'nanoc_table_mve_s8',
};

/** The options of an operator with the MVE siblings of the portable ones before them. */
export function withMve(options: readonly KernelOption[]): KernelOption[] {
  return options.flatMap((option) => {
    const name = SIBLINGS[option.function];
    return name === undefined ? [option] : [mveSibling(option, name), option];
  });
}

function mveSibling(option: KernelOption, name: string): KernelOption {
  return {
    ...option,
    function: name,
    family: 'native',
    needs: ['mve', 'fpu'],
    build: (context) => ({ call: asMve(callOf(option, context), name) }),
  };
}

function callOf(option: KernelOption, context: LowerContext): KernelCall {
  const built = option.build(context);
  if (!('call' in built)) throw new Error(`invariant: ${option.function} is no call`);
  return built.call;
}

/** The same call of the function `name`. */
export function asMve(call: KernelCall, name: string): KernelCall {
  return { ...call, family: 'native', function: name, header: 'nanoc/mve_layers.h', sources: mveSources(name) };
}

/** The source of a function of nanoc/mve_layers.h. */
export function mveSources(name: string): string[] {
  return [`arm-mve/${name}.c`];
}
