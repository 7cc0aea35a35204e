/** Text of Thumb-2 functions inside C files. */

/** r4 to r11 and lr, pushed on entry. */
export const SAVED_BYTES = 36;

/** A function as a file-scope asm statement: no compiler can then assume anything of the registers. */
export function assemblyFunction(name: string, instructions: readonly string[]): string[] {
  const body = [
    '.syntax unified',
    `.pushsection .text.${name},"ax",%progbits`,
    '.p2align 2',
    `.global ${name}`,
    '.thumb',
    '.thumb_func',
    `.type ${name},%function`,
    `${name}:`,
    ...instructions,
    `.size ${name},.-${name}`,
    '.popsection',
  ];
  return [
    '__asm__(',
    ...body.map((line) => `    "${/^[.\w]+:|^\./.test(line) ? '' : '  '}${line.replaceAll('"', '\\"')}\\n"`),
    ');',
  ];
}

/** Loads a constant of up to 32 bits. */
export function immediate(register: string, value: number): string[] {
  if (value < 65536) return [`movw ${register},#${value}`];
  return [`movw ${register},#${value % 65536}`, `movt ${register},#${Math.floor(value / 65536)}`];
}

/** Subtracts a constant; `spare` is used where it does not fit twelve bits. */
export function subtract(register: string, value: number, spare: string): string[] {
  if (value <= 4095) return [`subw ${register},${register},#${value}`];
  return [...immediate(spare, value), `sub ${register},${register},${spare}`];
}

/**
 * A loop of `rounds` times `unrolled` steps and `rest` steps behind it: the least rest, then the longest body. One round, which
 * needs no loop, has no rest.
 * @param longest as many steps are written out before a loop is made
 */
export function schedule(
  steps: number,
  longest: number,
): { readonly unrolled: number; readonly rounds: number; readonly rest: number } {
  if (steps <= longest) return { unrolled: steps, rounds: 1, rest: 0 };
  let unrolled = Math.min(longest, Math.floor(steps / 2));
  for (let u = unrolled; u >= longest / 2; u -= 1) if (steps % u < steps % unrolled) unrolled = u;
  return { unrolled, rounds: Math.floor(steps / unrolled), rest: steps % unrolled };
}
