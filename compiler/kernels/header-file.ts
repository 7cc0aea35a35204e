/** The header of a generated function. */
import type { GeneratedSource } from '../ir/kernel-call.js';

/**
 * @param include the header of the family
 * @param contract lines of the comment before the prototype
 * @param before lines between the include and the contract
 */
export function headerFile(
  name: string,
  include: string,
  contract: readonly string[],
  prototype: string,
  before: readonly string[] = [],
): GeneratedSource {
  const guard = `${name.toUpperCase()}_H`;
  const comment =
    contract.length === 1 ? [`/** ${contract[0]} */`] : ['/**', ...contract.map((line) => ` * ${line}`), ' */'];
  const lines = [
    ...[`#ifndef ${guard}`, `#define ${guard}`, '', `#include "${include}"`, ''],
    ...before,
    ...comment,
    `${prototype};`,
    ...['', '#endif', ''],
  ];
  return { path: `include/nanoc/generated/${name}.h`, content: lines.join('\n') };
}

/** What the C file of the function includes. */
export function headerOf(name: string): string {
  return `nanoc/generated/${name}.h`;
}
