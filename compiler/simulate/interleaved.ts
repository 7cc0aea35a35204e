/**
 * Running the models of a composite on their target in a mixed order, in one arena that holds something else before every run.
 *
 * Stimulus: number of runs; for each its model, a byte that fills the arena, whether it is run by _step() (u32 each), and inputs.
 * Response: for each the outputs, and 1 (u32) where the contexts of all other models are what they were.
 */
import type { EmittedFile } from '../compilation.js';
import type { Composite } from '../composite/composite.js';
import { emitHost } from '../emit-host.js';
import { totalMacs } from '../ir/kernel-call.js';
import { byteLength, bytesOf, type Tensor } from '../ir/tensor.js';
import { makeContext } from '../phases/6-emit/context.js';
import { emitCompositeLibrary } from '../phases/6-emit/index.js';
import { linkedLibraries } from '../vendor/linked.js';
import { simulatedProgram, worldView } from './harness.js';
import { runOnce } from './once.js';
import { outputTensor } from './onnx-form.js';
import { toDevice, type Vector } from './session.js';
import { type SimulatorAbout, type SimulatorChoice, simulatorFor } from './simulator.js';
import { mostInstructions, timeLimit } from './time-limit.js';

export interface InterleavedRun {
  /** Index of the model. */
  readonly model: number;
  /** Those of a model with state are consecutive steps. */
  readonly vector: Vector;
  /** Fills the arena before the inputs are written. */
  readonly poison: number;
  readonly stepwise: boolean;
}

export interface InterleavedResult {
  /** By ONNX name; states are not among them. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** Whether the contexts of the other models, with their states, are what they were. */
  readonly othersUnchanged: boolean;
}

export interface InterleavedOptions {
  readonly simulator?: SimulatorChoice;
  readonly signal?: AbortSignal;
  /** The C of the composite; by default what is emitted. */
  readonly emit?: (composite: Composite) => readonly EmittedFile[];
}

/** @throws CompileError NC06xx, NC07xx */
export async function runInterleaved(
  composite: Composite,
  runs: readonly InterleavedRun[],
  options: InterleavedOptions = {},
): Promise<InterleavedResult[]> {
  const { name, target, models } = composite;
  const simulator = simulatorFor(target, options.simulator);
  const contexts = models.map((model) => makeContext(model, true));
  const view = { name, macro: name.toUpperCase(), models: contexts, ...worldView(target) };
  const library = options.emit?.(composite) ?? emitCompositeLibrary(composite, emitHost());
  const files = [
    ...library.filter(({ path }) => /\.[ch]$/.test(path)),
    { path: 'interleaved.c', content: simulatedProgram('interleaved.c.hbs', view) },
  ];
  const libraries = models.flatMap(linkedLibraries);
  const response = await runOnce(
    { simulator, target, files, libraries, sanitize: target.qemu === undefined },
    stimulusOf(composite, runs),
    {
      timeoutMs: timeoutOf(composite, runs, simulator),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    },
  );
  const buffer = Buffer.from(response);
  let at = 0;
  const take = (count: number) => buffer.subarray(at, (at += count));
  return runs.map(({ model }) => {
    const { graph, reference } = models[model]!;
    const outputs = contexts[model]!.outputs.map(({ value }) =>
      outputTensor(graph, reference, value, take(byteLength(value))),
    );
    return { outputs: new Map(outputs), othersUnchanged: take(4).readUInt32LE() === 1 };
  });
}

function stimulusOf({ models }: Composite, runs: readonly InterleavedRun[]): Uint8Array {
  const parts: Uint8Array[] = [words(runs.length)];
  for (const { model, vector, poison, stepwise } of runs) {
    const compilation = models[model]!;
    const inputs = toDevice(compilation, vector);
    const ports = makeContext(compilation).inputs;
    parts.push(
      words(model, poison, Number(stepwise)),
      ...ports.map(({ value }) => bytesOf(inputs.get(value.name)!.data)),
    );
  }
  return Buffer.concat(parts);
}

function words(...list: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(list).buffer);
}

function timeoutOf({ models }: Composite, runs: readonly InterleavedRun[], simulator: SimulatorAbout): number {
  const macs = runs.reduce((sum, { model }) => sum + totalMacs(models[model]!.plan.calls), 0);
  return timeLimit(simulator, runs.length, mostInstructions(macs));
}
