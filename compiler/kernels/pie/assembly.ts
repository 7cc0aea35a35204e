/** Inline assembly as lines of C. */

/** One statement; `operands` is the text behind the template, from the first colon on. */
export function asmStatement(lines: readonly string[], operands: readonly string[]): string[] {
  const text = lines.map((line) => `      "${line.endsWith(':') ? '' : '\\t'}${line}\\n"`);
  return ['  __asm__ volatile(', ...text, ...operands.map((line) => `      ${line}`), '  );']
    .map((line, i, all) => (i === all.length - 2 ? `${line});` : line))
    .slice(0, -1);
}

/** `second` spread over `first`, one instruction behind each: nothing waits for the result just before it. */
export function interleaved(first: readonly string[], second: readonly string[]): string[] {
  const longest = Math.max(first.length, second.length);
  return Array.from({ length: longest }, (_, i) => [first[i], second[i]])
    .flat()
    .filter((line) => line !== undefined);
}
