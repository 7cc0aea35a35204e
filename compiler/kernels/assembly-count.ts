/** Instructions that generated assembly executes, counted in its own text: a change of a generator changes the prediction with it. */
import type { KernelCall } from '../ir/kernel-call.js';
import { schedule } from './arm-dsp/assembly.js';

/** How often the loop that begins at a label runs, by the label; once where there is none. */
export type Rounds = Readonly<Record<string, number>>;

/** The assembly functions of a call, by name: their lines from entry to return, labels included. */
export function assemblyOf({ generated = [] }: Pick<KernelCall, 'generated'>): ReadonlyMap<string, readonly string[]> {
  const functions = new Map<string, string[]>();
  for (const { content } of generated) {
    let body: string[] | undefined;
    for (const line of content.split('\n')) {
      const text = /^ {4}"(.*)\\n"$/.exec(line)?.[1]?.trim();
      if (text === undefined) continue;
      const start = /^([A-Za-z_]\w*):$/.exec(text)?.[1];
      if (start !== undefined) {
        body = [];
        functions.set(start, body);
      } else if (text.startsWith('.size')) body = undefined;
      else if (!text.startsWith('.')) body?.push(text);
    }
  }
  return functions;
}

/** The one function of a call whose name matches. @throws Error (invariant) when there is none */
export function assemblyNamed(call: Pick<KernelCall, 'function' | 'generated'>, name: RegExp): readonly string[] {
  const found = [...assemblyOf(call)].find(([each]) => name.test(each));
  if (found === undefined) throw new Error(`invariant: ${call.function} has no assembly named ${name}`);
  return found[1];
}

/** Executed instructions of a function: each line as often as the loops round it run. Jumps forward are taken never. */
export function executed(lines: readonly string[], rounds: Rounds): number {
  const times = lines.map(() => 1);
  lines.forEach((line, end) => {
    const label = backwards(line);
    if (label === undefined) return;
    const start = lines.slice(0, end).findLastIndex((each) => isLabel(each, label));
    for (let i = start; i <= end; i += 1) times[i]! *= rounds[label] ?? 1;
  });
  return lines.reduce((sum, line, i) => sum + (withoutLabel(line) === '' ? 0 : times[i]!), 0);
}

/** The label that a line jumps back to. */
function backwards(line: string): string | undefined {
  return /\b(?:b\w*(?:\.w)?|le(?:tp)?\s+lr,?|(?:cbn?z|b\w+)\s+(?:\w+,){1,2})\s*(\d+)b$/.exec(withoutLabel(line))?.[1];
}

function isLabel(line: string, label: string): boolean {
  return line.startsWith(`${label}:`);
}

function withoutLabel(line: string): string {
  return line.replace(/^\w+:\s*/, '');
}

/** The loops of a product over `steps` steps of which `longest` are written out. */
export function innerRounds(steps: number, longest: number): number {
  return schedule(steps, longest).rounds;
}
