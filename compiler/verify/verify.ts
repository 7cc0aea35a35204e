/** `nanoc verify`: the chain of evidence from the device to ONNX Runtime. */
import { setImmediate } from 'node:timers/promises';
import type { Compilation } from '../compilation.js';
import type { Graph } from '../ir/graph.js';
import type { Tensor } from '../ir/tensor.js';
import { planMemory } from '../phases/5-plan/index.js';
import { evaluateGraph, initialState } from '../reference/evaluate.js';
import { describeSimulator } from '../simulate/simulator.js';
import { coordinatesOf, distance, elementText } from './compare.js';
import { type DeviceBuild, type DeviceVerdict, verifyDevice } from './device.js';
import type { JUnitCase } from './junit.js';
import { compareWithOnnxRuntime } from './onnxruntime.js';
import type {
  Divergence,
  ExpectedVerification,
  OnnxRuntimeVerification,
  VerifyOptions,
  VerifyResult,
  WindowVerification,
} from './result.js';
import type { VectorSet } from './vector-set.js';
import { compareWindows, windowsOf } from './windows.js';

export type {
  BuildVerification,
  Divergence,
  OnnxRuntimeVerification,
  TensorDistance,
  VerifyOptions,
  VerifyResult,
} from './result.js';

/** Bytes round every buffer in the second build. */
const GUARD_BYTES = 16;

/**
 * Compares the device with the reference evaluator after every layer, in two builds (the release plan, and a plan with guard
 * bytes; dead memory holds another poison in each), the reference with outputs that came with the vectors, and the reference
 * with ONNX Runtime.
 * @throws CompileError when a build or a run fails (NC06xx, NC07xx); what differs is a result, not an error
 */
export async function verifyModel(
  compilation: Compilation,
  set: VectorSet,
  options: VerifyOptions = {},
): Promise<VerifyResult> {
  const reference = await evaluateReference(compilation.reference, set, options);
  const verdicts: { verdict: DeviceVerdict; seconds: number; compilation: Compilation }[] = [];
  for (const build of buildsOf(compilation, options)) {
    const start = performance.now();
    const verdict = await verifyDevice(build, set, reference, options);
    verdicts.push({ verdict, seconds: (performance.now() - start) / 1000, compilation: build.compilation });
  }
  const expected = compareExpected(compilation.reference, set, reference);
  const { streamed } = compilation;
  const windows = streamed === undefined ? undefined : await windowsOf(streamed, set, options);
  const againstWindows = windows === undefined ? undefined : compareWindows(streamed!, windows, reference);
  const oracle =
    windows === undefined
      ? await runOracle(compilation, set, reference, options)
      : await runOracle({ ...compilation, reference: streamed!.original }, windows.set, windows.reference, options);
  const builds = verdicts.map(({ verdict: { byStep: _, withoutCounterpart: __, ...rest } }) => rest);
  const firstDivergence = builds.find((build) => build.divergence !== undefined)?.divergence;
  return {
    passed:
      builds.every((build) => build.passed) &&
      (typeof oracle === 'string' || oracle.passed) &&
      againstWindows?.passed !== false,
    target: compilation.target.name,
    simulator: describeSimulator(compilation.target, options.simulator).name,
    vectors: set.vectors.length,
    builds,
    withoutCounterpart: [...new Set(verdicts.flatMap(({ verdict }) => verdict.withoutCounterpart))],
    ...(firstDivergence === undefined ? {} : { firstDivergence }),
    ...(typeof oracle === 'string' ? { onnxRuntimeSkipped: oracle } : { onnxRuntime: oracle }),
    ...(expected === undefined ? {} : { expected }),
    ...(againstWindows === undefined ? {} : { windows: againstWindows }),
    cases: [
      ...verdicts.flatMap(({ verdict, seconds, compilation: built }) => deviceCases(verdict, seconds, built)),
      ...expectedCases(expected),
      ...windowCases(againstWindows),
      ...(typeof oracle === 'string' ? [] : oracleCases(oracle)),
    ],
  };
}

function buildsOf(compilation: Compilation, { simulator }: VerifyOptions): DeviceBuild[] {
  const release = { label: 'release plan, poison 0x55', compilation, poison: 0x55 };
  // A board has one program, whose plan has no guard bytes: dead memory is filled with another poison.
  if (simulator?.name === 'board') return [release, { label: 'release plan, poison 0xaa', compilation, poison: 0xaa }];
  const plan = planMemory(compilation.program, { alignment: compilation.target.alignment, guardBytes: GUARD_BYTES });
  return [
    release,
    { label: 'plan with guard bytes, poison 0xaa', compilation: { ...compilation, plan }, poison: 0xaa },
  ];
}

/** Every value of the reference graph for each vector; vectors of a model with state are consecutive steps. */
export async function evaluateReference(
  graph: Graph,
  set: VectorSet,
  options: Pick<VerifyOptions, 'signal' | 'onProgress'>,
): Promise<Map<string, Tensor>[]> {
  const state = initialState(graph);
  const results: Map<string, Tensor>[] = [];
  for (const [index, vector] of set.vectors.entries()) {
    options.onProgress?.(`reference evaluator: vector ${index + 1} of ${set.vectors.length}`);
    // Lets an abort through.
    await setImmediate();
    options.signal?.throwIfAborted();
    const result = evaluateGraph(graph, new Map([...vector, ...state]));
    for (const binding of graph.states) state.set(binding.input, result.get(binding.output)!);
    results.push(result);
  }
  return results;
}

/** Outputs and final states that came with the vectors against the reference; undefined when there are none. */
export function compareExpected(
  graph: Graph,
  set: VectorSet,
  reference: readonly ReadonlyMap<string, Tensor>[],
): ExpectedVerification | undefined {
  if (set.expected === undefined && set.finalStates === undefined) return undefined;
  const last = set.vectors.length - 1;
  const pairs = [
    ...(set.expected ?? []).flatMap((outputs, vector) =>
      [...outputs].map(([name, tensor]) => ({ vector, name, tensor })),
    ),
    ...[...(set.finalStates ?? [])].map(([input, tensor]) => ({
      vector: last,
      name: graph.states.find((state) => state.input === input)!.output,
      tensor,
    })),
  ];
  let [elements, differing, maxDistance] = [0, 0, 0];
  let divergence: Divergence | undefined;
  for (const { vector, name, tensor } of pairs) {
    const got = reference[vector]!.get(name)!;
    const apart = distance(tensor.data, got.data);
    elements += tensor.data.length;
    differing += apart.differing.length;
    maxDistance = Math.max(maxDistance, apart.maxDistance);
    const at = apart.differing[0];
    if (at === undefined || divergence !== undefined) continue;
    const element = coordinatesOf(at, tensor.shape);
    const numbers = { expected: Number(tensor.data[at]), got: Number(got.data[at]) };
    const label = set.labels[vector] ?? `vector ${vector + 1}`;
    const message = `the reference gives ${numbers.got} for ${elementText(name, element)} of ${label}, the file says ${numbers.expected}; ${apart.differing.length} of ${tensor.data.length} elements differ`;
    const counts = { differing: apart.differing.length, of: tensor.data.length };
    divergence = {
      kind: 'expected',
      vector,
      vectorLabel: label,
      tensor: name,
      element,
      ...numbers,
      ...counts,
      message,
    };
  }
  const found = divergence === undefined ? {} : { divergence };
  return { passed: divergence === undefined, elements, differing, maxDistance, ...found };
}

async function runOracle(
  compilation: Compilation,
  set: VectorSet,
  reference: readonly ReadonlyMap<string, Tensor>[],
  options: VerifyOptions,
): Promise<OnnxRuntimeVerification | string> {
  if (options.onnxRuntime === 'off') return 'not asked for';
  return compareWithOnnxRuntime(compilation, set, reference, {
    required: options.onnxRuntime === 'require',
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
}

/** One case a layer; the time of the build is shared out evenly. */
function deviceCases(verdict: DeviceVerdict, seconds: number, { plan }: Compilation): JUnitCase[] {
  const time = seconds / (plan.calls.length + 1);
  const of = (name: string, step: number): JUnitCase => {
    const divergence = verdict.byStep.get(step);
    return {
      name: `${verdict.build}: ${name}`,
      time,
      ...(divergence === undefined ? {} : { failure: divergence.message }),
    };
  };
  return [
    ...plan.calls.map((call, step) => of(`step ${step + 1} ${call.node.name} (${call.node.op})`, step)),
    of('graph outputs', plan.calls.length),
  ];
}

function expectedCases(expected: ExpectedVerification | undefined): JUnitCase[] {
  if (expected === undefined) return [];
  const failure = expected.divergence === undefined ? {} : { failure: expected.divergence.message };
  return [{ name: 'outputs that came with the vectors', time: 0, ...failure }];
}

function windowCases(windows: WindowVerification | undefined): JUnitCase[] {
  if (windows === undefined) return [];
  const failure = windows.divergence === undefined ? {} : { failure: windows.divergence.message };
  return [{ name: 'steps against the model of a window', time: 0, ...failure }];
}

function oracleCases(oracle: OnnxRuntimeVerification): JUnitCase[] {
  return oracle.tensors.map((each) => {
    const figures = `${each.differing} of ${each.elements} elements differ, by up to ${each.maxDistance}`;
    const name = `ONNX Runtime ${oracle.version}: ${each.tensor}`;
    if (each.verdict === 'different') return { name, time: 0, failure: `${figures} ("${each.node}")` };
    return { name: each.verdict === 'equal' ? name : `${name} (${each.verdict}: ${figures})`, time: 0 };
  });
}
