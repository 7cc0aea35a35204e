/** Random programs for the tests of this phase: branches, views of views, Concat of anything, states, overlaps, several outputs. */
import type { Random } from '../../../test/support/random.js';
import type { CallSketch, ProgramSketch } from './test-program.js';

export interface RandomSize {
  readonly calls: number;
  /** Largest value, in bytes. */
  readonly bytes: number;
  /** With calls under guards. */
  readonly branching?: boolean;
}

/** The same generator state gives the same program. */
export function randomSketch(
  random: Random,
  { calls: callCount, bytes, branching = false }: RandomSize,
): ProgramSketch {
  const values: Record<string, number> = {};
  const size = () => random.integer(1, bytes);
  const add = (name: string, of = size()): string => {
    values[name] = of;
    return name;
  };
  const inputs = Array.from({ length: random.integer(1, 2) }, (_, i) => add(`x${i}`));
  const constants = random.chance(0.3) ? [add('k')] : [];
  const stateInputs = Array.from({ length: random.integer(0, 2) }, (_, i) => add(`s${i}`));
  const known = [...inputs, ...constants, ...stateInputs];
  const windows: [string, string, number][] = [];
  const concats: [string, string[]][] = [];
  const calls: CallSketch[] = [];
  for (let i = 0; i < callCount; i += 1) {
    if (branching && random.chance(0.4)) {
      calls.push(...branches(random, `b${i}`, known, add));
      known.push(`b${i}`);
      i += 2;
      continue;
    }
    const reads = Array.from({ length: random.integer(1, 3) }, () => random.pick(known.slice(-6)));
    const writes = Array.from({ length: random.chance(0.2) ? 2 : 1 }, (_, j) => add(`v${i}_${j}`));
    const overlaps = random.chance(0.6)
      ? reads.flatMap((read) => writes.map((write) => overlapOf(random, read, write)))
      : [];
    calls.push({ name: `c${i}`, reads, writes, overlaps, ...(random.chance(0.3) ? { scratch: size() } : {}) });
    known.push(...writes);
    if (random.chance(0.4)) {
      const base = random.pick(known);
      const offset = random.chance(0.5) ? 0 : random.integer(0, values[base]! - 1);
      const value = add(
        `w${i}`,
        offset === 0 && random.chance(0.5) ? values[base]! : random.integer(1, values[base]! - offset),
      );
      windows.push([value, base, offset]);
      known.push(value);
    }
    if (random.chance(0.3)) {
      const parts = Array.from({ length: random.integer(1, 3) }, () => random.pick(known.slice(-8)));
      const base = add(
        `j${i}`,
        parts.reduce((sum, part) => sum + values[part]!, 0),
      );
      concats.push([base, parts]);
      known.push(base);
    }
  }
  const states = stateInputs.map((input, i): [string, string] => {
    const sources = known.filter((name) => values[name]! >= values[input]! && name !== input);
    const next = add(`n${i}`, values[input]!);
    const base = sources.length > 0 ? random.pick(sources) : input;
    windows.push([next, base, random.integer(0, values[base]! - values[input]!)]);
    return [next, input];
  });
  const plain = known.filter((name) => !stateInputs.includes(name) && !constants.includes(name));
  const outputs = new Set([
    plain.at(-1)!,
    ...plain.filter(() => random.chance(0.15)),
    ...states.map(([output]) => output),
  ]);
  return {
    values,
    constants,
    inputs: [...inputs, ...stateInputs],
    outputs: [...outputs],
    states,
    calls,
    windows,
    concats,
  };
}

/** Two or three branches of one or two calls; the last of each writes `result`. */
function branches(
  random: Random,
  result: string,
  known: readonly string[],
  add: (name: string) => string,
): CallSketch[] {
  const selector = random.pick(known.slice(-6));
  add(result);
  // As many as whoever else asks for this selector has.
  const cases = 2 + (selector.charCodeAt(selector.length - 1) % 2);
  return Array.from({ length: cases }).flatMap((_, equals) => {
    const local: string[] = [];
    return Array.from({ length: random.integer(1, 2) }).flatMap((_unused, i, all) => {
      const reads = Array.from({ length: random.integer(1, 2) }, () => random.pick([...known.slice(-6), ...local]));
      const write = i + 1 === all.length ? result : add(`${result}_${equals}_${i}`);
      local.push(write);
      const overlaps = random.chance(0.6) ? reads.map((read) => overlapOf(random, read, write)) : [];
      return [
        { name: `${result}.${equals}.${i}`, reads, writes: [write], overlaps, guards: [[selector, equals] as const] },
      ];
    });
  });
}

function overlapOf(random: Random, read: string, write: string): [string, string, number, number?] {
  const multiple = random.integer(2, 3);
  return random.chance(0.7)
    ? [read, write, random.integer(-2, 3)]
    : [read, write, multiple * random.integer(-1, 2), multiple];
}
