/** A streamed model against the one that it came from: what its steps give, and what the model of a window gives for the same rows. */
import { setImmediate } from 'node:timers/promises';
import { fail } from '../diagnostics/diagnostic.js';
import type { Tensor } from '../ir/tensor.js';
import { evaluateGraph } from '../reference/evaluate.js';
import type { Streamed } from '../stream/index.js';
import { coordinatesOf, differences, elementText } from './compare.js';
import type { Divergence, VerifyOptions, WindowVerification } from './result.js';
import { joinedRows, rowsOf } from './rows.js';
import type { VectorSet } from './vector-set.js';

/** Windows of consecutive steps, and every value of the original reference graph for each. */
export interface Windows {
  readonly set: VectorSet;
  /** The step that completes each window. */
  readonly last: readonly number[];
  readonly reference: readonly Map<string, Tensor>[];
}

/**
 * The windows that the vectors, steps from a reset, make up.
 * @throws CompileError NC0718 when they make up none
 */
export async function windowsOf(
  streamed: Streamed,
  set: VectorSet,
  options: Pick<VerifyOptions, 'signal' | 'onProgress'>,
): Promise<Windows> {
  const { original, input, axis, hop, window, stepsOfWindow } = streamed;
  const steps = set.vectors.length;
  if (steps < stepsOfWindow) {
    fail({
      code: 'NC0718',
      message: `${steps} ${steps === 1 ? 'step makes' : 'steps make'} up no window: nothing shows that the streamed model computes what the model does`,
      expected: `at least ${stepsOfWindow} vectors of ${hop} rows, for a window of ${window}`,
      help: 'give --count, or more vectors',
    });
  }
  const rows = joinedRows(
    set.vectors.map((vector) => vector.get(input)!),
    axis,
  );
  const last = Array.from({ length: steps - stepsOfWindow + 1 }, (_, i) => stepsOfWindow - 1 + i);
  const reference: Map<string, Tensor>[] = [];
  const vectors = last.map((step) => {
    const end = (step + 1) * hop;
    return new Map([[input, rowsOf(rows, axis, end - window, end)]]);
  });
  for (const [index, vector] of vectors.entries()) {
    options.onProgress?.(`reference evaluator: window ${index + 1} of ${vectors.length}`);
    await setImmediate();
    options.signal?.throwIfAborted();
    reference.push(evaluateGraph(original, vector));
  }
  return { set: { vectors, labels: last.map((step) => `window that ends with step ${step + 1}`) }, last, reference };
}

/**
 * Every output of every window: rows along time against the newest rows of the window, other outputs as they are. Where padding is history,
 * the steps from the reset on against all rows of the first window; later windows have padding where the stream has rows.
 */
export function compareWindows(
  streamed: Streamed,
  windows: Windows,
  steps: readonly ReadonlyMap<string, Tensor>[],
): WindowVerification {
  const { original, stepsOfWindow, pads } = streamed;
  let [elements, differing, compared] = [0, 0, 0];
  let divergence: Divergence | undefined;
  const compare = (name: string, index: number, expected: Tensor, got: Tensor) => {
    const apart = differences(expected.data, got.data);
    elements += expected.data.length;
    differing += apart.length;
    const at = apart[0];
    if (at === undefined || divergence !== undefined) return;
    const element = coordinatesOf(at, expected.shape);
    const numbers = { expected: Number(expected.data[at]), got: Number(got.data[at]) };
    const vectorLabel = windows.set.labels[index]!;
    const counts = { differing: apart.length, of: expected.data.length };
    const message = `the steps give ${numbers.got} for ${elementText(name, element)} of the ${vectorLabel}, the model of a window ${numbers.expected}; ${counts.differing} of ${counts.of} elements differ`;
    divergence = {
      kind: 'window',
      vector: windows.last[index]!,
      vectorLabel,
      tensor: name,
      element,
      ...numbers,
      ...counts,
      message,
    };
  };
  for (const [index, step] of windows.last.entries()) {
    const before = elements;
    for (const name of original.outputs) {
      const whole = windows.reference[index]!.get(name)!;
      const rows = streamed.outputs.get(name);
      const got = steps[step]!.get(name)!;
      if (rows === undefined) compare(name, index, whole, got);
      else if (pads === 'history' && index === 0) {
        const all = steps.slice(0, stepsOfWindow).map((each) => each.get(name)!);
        compare(name, index, whole, joinedRows(all, rows.axis));
      } else if (rows.inWindows) {
        const length = whole.shape[rows.axis]!;
        compare(name, index, rowsOf(whole, rows.axis, length - rows.hop, length), got);
      }
    }
    if (elements > before) compared += 1;
  }
  const found = divergence === undefined ? {} : { divergence };
  return { passed: differing === 0, windows: compared, elements, differing, ...found };
}
