/** Proof of the calls of the program that a board has: whatever library it was linked with, and with the instructions of the chip itself. */
import { setImmediate } from 'node:timers/promises';
import type { Compilation } from '../../compilation.js';
import { CompileError } from '../../diagnostics/diagnostic.js';
import { runBoardCall } from '../../simulate/board/calls.js';
import { withOpenBoard } from '../../simulate/board/run.js';
import type { BoardChoice } from '../../simulate/simulator.js';
import type { Item } from './item.js';
import type { CallVerdict, ProveOptions } from './prove.js';
import { trialsOf, verdictOn } from './trials.js';

/**
 * The verdict on each item, by its key.
 * @throws CompileError as `withOpenBoard`; NC0708 or NC0702 name the call
 */
export function proveOnBoard(
  compilation: Compilation,
  items: readonly Item[],
  known: Map<string, CallVerdict>,
  choice: BoardChoice,
  { signal, onProgress }: ProveOptions,
): Promise<void> {
  const limits = signal === undefined ? {} : { signal };
  return withOpenBoard(compilation, choice, limits, async (board) => {
    for (const [index, { key, placed, call }] of items.entries()) {
      onProgress?.(`proving call ${index + 1} of ${items.length}`);
      await setImmediate();
      signal?.throwIfAborted();
      const step = compilation.plan.calls.findIndex(({ node }) => node === call.node);
      if ((compilation.plan.calls[step]!.guards ?? []).length > 0) {
        known.set(key!, { verdict: 'not proven here', because: 'on a board it runs in its branch alone' });
        continue;
      }
      const trials = trialsOf(placed!);
      try {
        const outcomes = await runBoardCall(board, { step, layout: placed!.layout, runs: trials });
        known.set(key!, verdictOn(trials, outcomes));
      } catch (error) {
        if (!(error instanceof CompileError)) throw error;
        const node = `"${call.node.name}" (${call.node.op}, ${call.function}), by itself`;
        throw new CompileError([{ ...error.diagnostics[0]!, node }], error.exitCode);
      }
    }
  });
}
