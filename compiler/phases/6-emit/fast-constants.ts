/** `--fast-ram`: which constants are copied into fast RAM, those first of which an inference reads each byte most often. */
import { valueOf } from '../../ir/graph.js';
import type { KernelCall } from '../../ir/kernel-call.js';
import { elementCount } from '../../ir/tensor.js';
import type { EmittedConstant } from './constants.js';
import type { ModelContext } from './context.js';

export interface FastConstants {
  /** Symbols of the constants. */
  readonly symbols: ReadonlySet<string>;
  /** With what their alignment takes at most. */
  readonly bytes: number;
  /** Share of all reads of constants that they take, 0 to 1: an estimate, see `readsOf`. */
  readonly share: number;
}

/** To be called when all constants have been added to the context. */
export function fastConstants(context: ModelContext): FastConstants {
  const budget = context.compilation.options.fastRam;
  if (budget === undefined) return { symbols: new Set(), bytes: 0, share: 0 };
  const calls = callsByUser(context);
  const rated = context.constants.list.map((constant) => {
    const reads = constant.users.reduce(
      (sum, user) => sum + (calls.get(user) ?? []).reduce((each, call) => each + readsOf(context, constant, call), 0),
      0,
    );
    return { constant, reads, bytes: constant.data.byteLength + constant.alignment - 1 };
  });
  const chosen: typeof rated = [];
  let bytes = 0;
  // Sorting is stable: of equals the one that is used first.
  for (const one of [...rated].sort((a, b) => b.reads / b.bytes - a.reads / a.bytes)) {
    if (one.reads === 0 || bytes + one.bytes > budget) continue;
    chosen.push(one);
    bytes += one.bytes;
  }
  const total = (list: typeof rated) => list.reduce((sum, { reads }) => sum + reads, 0);
  return {
    symbols: new Set(chosen.map(({ constant }) => constant.symbol)),
    bytes,
    share: total(rated) === 0 ? 0 : total(chosen) / total(rated),
  };
}

/** Calls by the name of their node and by the names of the constant values that they read: what `EmittedConstant.users` holds. */
function callsByUser({ compilation, graph }: ModelContext): Map<string, KernelCall[]> {
  const calls = new Map<string, KernelCall[]>();
  for (const call of compilation.plan.calls) {
    const values = call.arguments.flatMap((argument) =>
      argument.kind === 'value' && valueOf(graph, argument.value).constant !== undefined ? [argument.value] : [],
    );
    for (const user of new Set([call.node.name, ...values])) calls.set(user, [...(calls.get(user) ?? []), call]);
  }
  return calls;
}

/**
 * Bytes of a constant that one call reads: weights once for each multiply-accumulate, everything else once for each element that is
 * written. Kernels that keep a weight in a register for two or four pixels read less, all of them by about the same factor.
 */
function readsOf({ graph }: ModelContext, { role, data }: EmittedConstant, call: KernelCall): number {
  const written = call.node.outputs.reduce((sum, name) => sum + elementCount(valueOf(graph, name).shape), 0);
  return (role === 'weights' && call.macs > 0 ? call.macs : written) * data.BYTES_PER_ELEMENT;
}
