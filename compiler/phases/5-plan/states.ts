/** Chooses, for every state that a Concat reads, whether the whole Concat lies in state memory. */
import type { Program } from '../../ir/kernel-call.js';
import { contentsOf } from './contents.js';
import { liveModelOf, peakOf } from './liveness.js';
import { separate } from './separate.js';
import { storageOf } from './storage.js';

/**
 * Copies are put in where two values that views tie together cannot be one piece of memory, and where a state is carried over.
 * A state at the head of a Concat can be copied into it, or stay where it is with the rest of the Concat behind it: what
 * costs less RAM is taken, and of two that cost the same the one with fewer bytes to copy.
 */
export function separateStorage(program: Program): Program {
  let kept = new Set<string>();
  let best = costOf(program, kept);
  for (const { input } of program.graph.states) {
    const more = new Set([...kept, input]);
    const other = costOf(program, more);
    if (other.bytes < best.bytes || (other.bytes === best.bytes && other.copied < best.copied))
      [kept, best] = [more, other];
  }
  return best.program;
}

function costOf(program: Program, kept: ReadonlySet<string>): { program: Program; bytes: number; copied: number } {
  const separated = separate(program, kept);
  const contents = contentsOf(separated);
  const storage = storageOf(separated, contents);
  const model = liveModelOf(separated, contents, storage);
  const states = storage.blocks.reduce((sum, block) => sum + (block.region === 'state' ? block.bytes : 0), 0);
  const peak = peakOf(
    model,
    separated.calls.map((_, i) => i),
  ).bytes;
  const copied = separated.calls
    .filter((call) => call.function === 'nanoc_copy')
    .reduce((sum, call) => sum + contents.definitions.get(call.node.outputs[0]!)!.bytes, 0);
  return { program: separated, bytes: states + peak, copied };
}
