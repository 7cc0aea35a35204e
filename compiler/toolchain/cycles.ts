/**
 * Cycles of a layer, estimated: its measured instructions times the cycles of an instruction in the innermost loops of the functions
 * that it runs. QEMU 7.2 of Debian comes without the plugins that would count each instruction's executions.
 */
import { type CycleModel, cyclesOf } from './cycle-model.js';

/** Instructions of a function's innermost loops, or of all of it where it has none, and their cycles. */
export interface InstructionMix {
  readonly instructions: number;
  readonly cycles: number;
}

interface Line {
  readonly address: number;
  readonly instruction: string;
}

interface FunctionText {
  readonly lines: readonly Line[];
  readonly callees: readonly string[];
}

/** Functions by name, from `objdump -d --no-show-raw-insn`. */
export function readFunctions(text: string): ReadonlyMap<string, FunctionText> {
  const blocks = text.split(/\n(?=[0-9a-f]+ <[^>]+>:)/).filter((block) => /^[0-9a-f]+ </.test(block));
  return new Map(
    blocks.map((block): [string, FunctionText] => {
      const name = /<([^>]+)>/.exec(block)![1]!;
      const lines = [...block.matchAll(/^\s*([0-9a-f]+):\s+([a-z].*)$/gm)].map(
        ([, address, instruction]): Line => ({ address: Number.parseInt(address!, 16), instruction: instruction! }),
      );
      const targets = [...block.matchAll(/\sbl?(?:\.[nw])?\s+[0-9a-f]+ <([^>+]+)>/g)].map(([, target]) => target!);
      return [name, { lines, callees: [...new Set(targets)].filter((target) => target !== name) }];
    }),
  );
}

/** Cycles per instruction of a kernel and all that it calls; undefined when it is not in the program. */
export function cyclesPerInstruction(
  kernel: string,
  functions: ReadonlyMap<string, FunctionText>,
  model: CycleModel,
): number | undefined {
  const reached = new Set<string>();
  const queue = [kernel];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const found = functions.get(name);
    if (found === undefined || reached.has(name)) continue;
    reached.add(name);
    queue.push(...found.callees);
  }
  const mixes = [...reached].map((name) => mixOf(functions.get(name)!.lines, model));
  // Where a kernel has loops, what it calls outside of them is of no weight.
  const loops = mixes.some(({ loops }) => loops) ? mixes.filter(({ loops }) => loops) : mixes;
  const instructions = loops.reduce((sum, mix) => sum + mix.instructions, 0);
  const cycles = loops.reduce((sum, mix) => sum + mix.cycles, 0);
  return instructions === 0 ? undefined : (cycles / instructions) * model.dualIssue;
}

function mixOf(lines: readonly Line[], model: CycleModel): InstructionMix & { readonly loops: boolean } {
  const loops = innermostLoops(lines);
  const counted =
    loops.length === 0
      ? lines
      : lines.filter(({ address }) => loops.some(([first, last]) => first <= address && address <= last));
  const cycles = counted.reduce((sum, { instruction }) => sum + cyclesOf(instruction, model), 0);
  return { instructions: counted.length, cycles, loops: loops.length > 0 };
}

/** Backward branches inside the function; those that hold another are left out. */
function innermostLoops(lines: readonly Line[]): readonly (readonly [number, number])[] {
  const start = lines[0]?.address ?? 0;
  const all = lines.flatMap(({ address, instruction }): (readonly [number, number])[] => {
    const target = /^(?:b(?!lx?\b)[a-z]*|le(?:tp)?|cbn?z)(?:\.[nw])?\s+(?:\w+, )?([0-9a-f]+) </.exec(instruction)?.[1];
    if (target === undefined) return [];
    const first = Number.parseInt(target, 16);
    return first >= start && first <= address ? [[first, address]] : [];
  });
  return all.filter(([first, last]) => !all.some(([a, b]) => first <= a && b <= last && (a !== first || b !== last)));
}
