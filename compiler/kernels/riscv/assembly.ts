/** Text of RV32IM functions inside C files; the assembler shortens instructions where the core has them compressed. */

/** A function as a file-scope asm statement: no compiler can then assume anything of the registers. */
export function assemblyFunction(name: string, instructions: readonly string[]): string[] {
  const body = [
    `.pushsection .text.${name},"ax",@progbits`,
    '.p2align 2',
    `.global ${name}`,
    `.type ${name},@function`,
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

/** Registers that a function leaves as they were, in the order in which they are used here. */
const SAVED = ['ra', 's0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11'];

/** What a function of these kernels takes of the stack: every saved register, kept to 16 bytes. */
export const STACK_BYTES = 64;

/** Only what `body` names is saved. */
export function framed(body: readonly string[]): string[] {
  const text = body.join('\n');
  const used = SAVED.flatMap((register, i) => (new RegExp(`\\b${register}\\b`).test(text) ? [[register, 4 * i]] : []));
  return [
    `addi sp,sp,-${STACK_BYTES}`,
    ...used.map(([register, offset]) => `sw ${register},${offset}(sp)`),
    ...body,
    ...used.map(([register, offset]) => `lw ${register},${offset}(sp)`),
    `addi sp,sp,${STACK_BYTES}`,
    'ret',
  ];
}

/** Whether an addition or an address takes it. */
export function isImmediate(value: number): boolean {
  return value >= -2048 && value <= 2047;
}

/** Loads a constant of 32 bits. */
export function immediate(register: string, value: number): string[] {
  if (isImmediate(value)) return [`addi ${register},x0,${value}`];
  const low = ((value + 2048) & 4095) - 2048;
  const high = ((value - low) >>> 12) & 0xfffff;
  return [`lui ${register},${high}`, ...(low === 0 ? [] : [`addi ${register},${register},${low}`])];
}

/** Adds a constant; `spare` is used where it does not fit twelve bits. */
export function add(register: string, value: number, spare: string): string[] {
  if (value === 0) return [];
  if (isImmediate(value)) return [`addi ${register},${register},${value}`];
  return [...immediate(spare, value), `add ${register},${register},${spare}`];
}

/** Brings a register between two others. */
export function clamp(register: string, low: string, high: string): string[] {
  return [
    `bge ${register},${low},9f`,
    `mv ${register},${low}`,
    `9: bge ${high},${register},9f`,
    `mv ${register},${high}`,
    '9:',
  ];
}
