/** The live set of every call in the order of a program. */
import type { Node } from '../ir/graph.js';
import type { Program } from '../ir/kernel-call.js';
import { contentsOf } from '../phases/5-plan/contents.js';
import { separateStorage } from '../phases/5-plan/index.js';
import { liveModelOf, stepBytes } from '../phases/5-plan/liveness.js';
import { storageOf } from '../phases/5-plan/storage.js';

/** Bytes, states included. */
export interface StepLoad {
  readonly node: Node;
  readonly during: number;
  readonly after: number;
}

export interface Loads {
  readonly states: number;
  /** Graph inputs and states, before the first call. */
  readonly atStart: number;
  readonly steps: readonly StepLoad[];
}

export function loadsOf(program: Program): Loads {
  const separated = separateStorage(program);
  const contents = contentsOf(separated);
  const storage = storageOf(separated, contents);
  const model = liveModelOf(separated, contents, storage);
  const states = storage.blocks.reduce((sum, block) => sum + (block.region === 'state' ? block.bytes : 0), 0);
  const done = new Set<number>();
  let live = model.readInputBytes;
  const steps = model.calls.map(({ call }, index) => {
    const { during, after } = stepBytes(model, index, live, (other) => done.has(other));
    live = after;
    done.add(index);
    return { node: call.node, during: during + states, after: after + states };
  });
  return { states, atStart: model.inputBytes + states, steps };
}
