/**
 * What a linked Thumb, RISC-V or Xtensa program says about its stack: for functions of which the compiler tells nothing (C library, compiler
 * helpers such as __aeabi_fmul, assembly), and for the calls that only the linker knows.
 */

export interface DisassembledFunction {
  readonly name: string;
  readonly address: number;
  /** Sum of everything that it subtracts from the stack pointer: no path through it, loops aside, uses more. */
  readonly bytes: number;
  /** Addresses of other functions that it calls or jumps to. */
  readonly calls: ReadonlySet<number>;
  /** An instruction after which the sum or the calls are not known. */
  readonly unknown?: string;
}

/** Functions by address, from `objdump -d --no-show-raw-insn`. */
export function readDisassembly(text: string): Map<number, DisassembledFunction> {
  const blocks = text.split(/\n(?=[0-9a-f]+ <[^>]+>:)/).filter((block) => /^[0-9a-f]+ </.test(block));
  const starts = blocks.map((block) => Number.parseInt(block, 16)).sort((a, b) => a - b);
  const windowed = /^\s*[0-9a-f]+:\s+entry\s/m.test(text);
  return new Map(
    blocks.map((block): [number, DisassembledFunction] => {
      const [, hex, name] = /^([0-9a-f]+) <([^>]+)>:/.exec(block)!;
      const address = Number.parseInt(hex!, 16);
      return [address, readFunction(name!, address, block.split('\n').slice(1), starts, windowed)];
    }),
  );
}

function readFunction(
  name: string,
  address: number,
  lines: readonly string[],
  starts: readonly number[],
  windowed: boolean,
): DisassembledFunction {
  let bytes = 0;
  let unknown: string | undefined;
  const calls = new Set<number>();
  const instructions = lines.flatMap((line) => /^\s*[0-9a-f]+:\s+(.*)$/.exec(line)?.[1] ?? []);
  // Without `entry`, code of a windowed program is a part, apart in memory, of the function that jumps to it, and jumps back into its frame.
  const isPart = windowed && !instructions.some((instruction) => instruction.startsWith('entry'));
  for (const [index, instruction] of instructions.entries()) {
    if (isTableJump(instructions.slice(Math.max(0, index - 2), index + 1))) continue;
    const target = targetOf(instruction.replaceAll('\t', ' '));
    if (target !== undefined) {
      const callee = functionAt(Number.parseInt(target, 16), starts);
      const isReturn = isPart && !instruction.startsWith('call') && callee !== Number.parseInt(target, 16);
      if (callee !== undefined && callee !== address && !isReturn) calls.add(callee);
      continue;
    }
    const taken = stackBytes(instruction.replaceAll('\t', ' '));
    if (taken === undefined) unknown ??= instruction.replaceAll('\t', ' ').trim();
    else bytes += taken;
  }
  return { name, address, bytes, calls, ...(unknown === undefined ? {} : { unknown }) };
}

/** RISC-V `switch` by a table of distances (compiler helpers have some): it stays inside its function. */
function isTableJump(instructions: readonly string[]): boolean {
  const text = instructions.join('\n').replaceAll('\t', ' ');
  return /^lw (\w+),0\(\1\)\nadd \1,\1,\w+\njr \1$/.test(text);
}

/** Where a branch or call goes; undefined for other instructions. A distant RISC-V call is `jalr 4(ra) # 80010000 <f>`. */
function targetOf(instruction: string): string | undefined {
  const thumb = /^(?:b|bl|blx|cbn?z)[a-z.]*\s+(?:r\d+, )?([0-9a-f]+) </;
  const near = /^(?:b[a-z]+|jal|j)\s+(?:[a-z]\w*,){0,2}([0-9a-f]+) </;
  const windowed = /^(?:call(?:0|4|8|12)|j|b[a-z0-9]+(?:\.n)?|loop[a-z]*)\s+(?:-?\w+, ){0,2}([0-9a-f]+) </;
  const far = /^(?:jalr|jr)\s.*# ([0-9a-f]+) </;
  return (thumb.exec(instruction) ??
    near.exec(instruction) ??
    windowed.exec(instruction) ??
    far.exec(instruction))?.[1];
}

/** Start of the function that holds an address. */
function functionAt(address: number, starts: readonly number[]): number | undefined {
  return starts.findLast((start) => start <= address);
}

/** Bytes by which an instruction lowers the stack pointer; undefined for indirect calls and computed amounts. */
function stackBytes(instruction: string): number | undefined {
  const lowered = /^addi? sp,sp,-(\d+)/.exec(instruction);
  if (lowered !== null) return Number(lowered[1]);
  // Arithmetic with a register, jumps to where a register says; the return goes through ra, helpers return through t0.
  if (/^(?:sub|add) sp,sp,[a-z]/.test(instruction) || /^(?:jalr?|jr) (?!ra$|t0$)/.test(instruction)) return undefined;
  // Xtensa: a frame has room for the registers that a window overflow puts into it. `retw` and `ret` are the returns.
  const entered = /^entry a1, (\d+)/.exec(instruction);
  if (entered !== null) return Number(entered[1]);
  if (/^(?:movsp |callx(?:0|4|8|12) |jx |(?:sub|addi|addmi) a1, |add(?:\.n)? a1, |mov(?:\.n)? a1, )/.test(instruction))
    return undefined;
  const registers = /^(?:push|stmdb|stmfd|vpush|vstmdb)(?:\.\w+)? (?:sp!, )?\{([^}]*)\}/.exec(instruction);
  if (registers !== null && (/push/.test(instruction) || / sp!/.test(instruction))) return registerBytes(registers[1]!);
  const subtracted = /^subw?(?:\.w)? sp, (?:sp, )?#(\d+)/.exec(instruction);
  if (subtracted !== null) return Number(subtracted[1]);
  const stored = /^v?str[a-z.]* .*\[sp, #-(\d+)\]!/.exec(instruction);
  if (stored !== null) return Number(stored[1]);
  if (
    /^sub[a-z.]* sp, /.test(instruction) ||
    /^mov[a-z.]* sp, /.test(instruction) ||
    /^add[a-z.]* sp, (?:sp, )?r/.test(instruction)
  ) {
    // Restoring the stack pointer from the frame pointer only raises it.
    return /^mov[a-z.]* sp, r[67]\b/.test(instruction) ? 0 : undefined;
  }
  if (/^blx r/.test(instruction) || /^bx (?!lr)/.test(instruction) || /^ldr[a-z.]* pc, \[(?!sp)/.test(instruction))
    return undefined;
  return 0;
}

/** `r4, r5, r6-r11, lr`, `d8-d15`. */
function registerBytes(list: string): number {
  const size = (register: string) => (register.startsWith('d') ? 8 : register.startsWith('q') ? 16 : 4);
  return list.split(',').reduce((sum, part) => {
    const [first, last] = part.trim().split('-');
    const count = last === undefined ? 1 : Number(last.replace(/\D/g, '')) - Number(first!.replace(/\D/g, '')) + 1;
    return sum + count * size(first!);
  }, 0);
}
