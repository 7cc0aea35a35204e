/**
 * Kernels written for a core, in assembly where that core has it, on the simulated core: the calls of many random graphs in one
 * program, each in storage of its own and over its input as near as it allows, against the reference.
 */
import { compile } from '../../compiler/index.js';
import type { KernelCall } from '../../compiler/ir/kernel-call.js';
import { bytesOf, fromBytes, type Tensor } from '../../compiler/ir/tensor.js';
import { evaluateGraph } from '../../compiler/reference/evaluate.js';
import { applySource } from '../../compiler/reference/source.js';
import { loadTarget } from '../../compiler/targets.js';
import { type CallCase, runCallsOnTarget } from '../support/run-call.js';
import { generateModel } from './generate.js';
import { vectorsFor } from './vectors.js';

interface Case extends CallCase {
  readonly seed: number;
  readonly expected: ReadonlyMap<string, Tensor>;
}

/**
 * @returns what differs, one line a call
 * @throws Error when a program does not end, faults, or a call changes its output by running over its input
 */
export async function runOnCore(target: string, seeds: readonly number[]): Promise<{ calls: number; wrong: string[] }> {
  const cases: Case[] = [];
  for (const seed of seeds) cases.push(...(await casesOf(target, seed)));
  if (cases.length === 0) return { calls: 0, wrong: [] };
  const results = await runCallsOnTarget(cases, await loadTarget(target));
  const wrong = cases.flatMap(({ seed, call, expected }, index) =>
    [...expected].flatMap(([name, tensor]) => {
      const got = results[index]!.values.get(name)!;
      if (Buffer.compare(bytesOf(got.data), bytesOf(tensor.data)) === 0) return [];
      return [`seed ${seed} on ${target}, "${call.node.name}" (${call.function}): "${name}" differs`];
    }),
  );
  return { calls: cases.length, wrong };
}

/** The native calls of a graph with what they read and write. */
async function casesOf(target: string, seed: number): Promise<Case[]> {
  const { bytes } = generateModel(seed);
  const { reference, graph, plan } = await compile({ fileName: `m${seed}.onnx`, bytes }, { target });
  const tensors = evaluateGraph(reference, vectorsFor(reference, seed)[0]!);
  const tensorOf = (name: string): Tensor | undefined => {
    const value = graph.values.get(name);
    const onnx = value?.source === undefined ? undefined : tensors.get(value.source.name);
    // A copy: what the reference holds may have another type of array for the same bytes.
    return onnx === undefined || value === undefined ? undefined : copyOf(applySource(value, onnx));
  };
  return plan.calls
    .filter((call) => call.family === 'native')
    .flatMap((call) => {
      const inputs = named(call, 'read', (name) => graph.values.get(name)?.constant ?? tensorOf(name));
      const expected = named(call, 'write', tensorOf);
      return inputs === undefined || expected === undefined ? [] : [{ seed, call, graph, inputs, expected }];
    });
}

function copyOf({ dtype, shape, data }: Tensor): Tensor {
  return { dtype, shape, data: fromBytes(dtype, bytesOf(data)) };
}

/** Tensors of the values that a call reads or writes; undefined when ONNX has no counterpart of one. */
function named(
  call: KernelCall,
  access: 'read' | 'write',
  tensorOf: (name: string) => Tensor | undefined,
): Map<string, Tensor> | undefined {
  const result = new Map<string, Tensor>();
  for (const argument of call.arguments) {
    if (argument.kind !== 'value' || argument.access !== access) continue;
    const tensor = tensorOf(argument.value);
    if (tensor === undefined) return undefined;
    result.set(argument.value, tensor);
  }
  return result;
}
