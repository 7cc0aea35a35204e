/** Several models in one project that use one arena, one after the other; states and constants are apart. docs/MEMORY.md */
import type { Compilation } from '../compilation.js';
import type { Target } from '../ir/target.js';
import { contextAlignment, sharingContextBytesOf } from '../phases/6-emit/buffers.js';
import { refuse } from './refuse.js';

export interface Composite {
  /** C identifier: prefix of the symbols that are common. */
  readonly name: string;
  readonly target: Target;
  readonly models: readonly Compilation[];
}

/** @param models compiled for the same target @throws CompileError NC0761 when they cannot be put together */
export function makeComposite(name: string, models: readonly Compilation[]): Composite {
  const { target } = models[0]!;
  const names = models.map((model) => model.name);
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice !== undefined) {
    refuse(
      `two models are named "${twice}": their C symbols would be the same`,
      'give one another "name" in its nanoc.json',
    );
  }
  if (names.includes(name)) {
    refuse(`the composite and one of its models are named "${name}"`, 'give another --name, or "name" in nanoc.json');
  }
  if (target.espIdf !== undefined) {
    refuse(
      `an ESP-IDF project (${target.name}) is made of one model`,
      'build each model by itself and add its component; each then has an arena of its own',
    );
  }
  return { name, target, models };
}

/** RAM of a composite and of its parts, in bytes, less the stack and constants in fast RAM. */
export interface CompositeMemory {
  /** Of the largest model. */
  readonly arena: number;
  readonly alignment: number;
  /** sizeof(<name>_t): the arena and all contexts. */
  readonly total: number;
}

export function compositeMemory({ models, target }: Composite): CompositeMemory {
  const arena = Math.max(...models.map(({ plan }) => plan.arenaBytes));
  const alignment = Math.max(target.alignment, ...models.map(contextAlignment));
  const round = (bytes: number) => Math.ceil(bytes / alignment) * alignment;
  // Each context is counted to the next multiple of the alignment: never less than the compiler takes.
  const contexts = models.reduce((sum, model) => sum + round(sharingContextBytesOf(model)), 0);
  return { arena, alignment, total: round(arena) + contexts };
}
