/** Makes a failing model small: cut to the ancestors of the first tensor that fails, then inputs promoted towards it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import onnxProto from 'onnx-proto';
import { compile } from '../../compiler/index.js';
import type { Graph } from '../../compiler/ir/graph.js';
import type { BuilderTensor } from '../support/onnx-builder.js';
import { valueInfo } from '../support/onnx-builder.js';
import { examine, type FuzzFailure, variantsOf } from './fuzz.js';

const { onnx } = onnxProto;

const REGRESS = fileURLToPath(new URL('../regress/', import.meta.url));

/** The smallest model found that fails at the same stage. */
export async function reduce(failure: FuzzFailure): Promise<FuzzFailure> {
  const shapes = await checkedGraph(failure.bytes);
  if (shapes === undefined) return failure;
  const types = new Map(
    [...shapes.values.values()].map(({ name, dtype, shape }) => [name, { name, dtype, shape }] as const),
  );
  const order = shapes.nodes.flatMap((node) => node.outputs).filter((name) => types.has(name));
  let smallest = failure;
  for (const output of order) {
    const found = await attempt(failure, cut(failure.bytes, [], [types.get(output)!]));
    if (found === undefined) continue;
    smallest = found;
    break;
  }
  for (const input of [...order].reverse()) {
    const bytes = cut(smallest.bytes, [types.get(input)!], []);
    const found = bytes === undefined ? undefined : await attempt(failure, bytes);
    if (found !== undefined) smallest = found;
  }
  return smallest;
}

/** Reduces a failure and writes it to test/regress/<name>; returns the folder. */
export async function keep(name: string, failure: FuzzFailure): Promise<string> {
  const { bytes, stage, message } = await reduce(failure);
  const folder = join(REGRESS, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.onnx'), bytes);
  const lines = [
    message.split('\n')[0],
    '',
    `Found by \`npm run fuzz -- --seed ${failure.seed}\` at stage "${stage}".`,
    '',
  ];
  await writeFile(join(folder, 'README.md'), lines.join('\n'));
  return folder;
}

async function attempt(failure: FuzzFailure, bytes: Uint8Array | undefined): Promise<FuzzFailure | undefined> {
  if (bytes === undefined) return undefined;
  const { failures } = await examine([{ seed: failure.seed, bytes, variants: variantsOf(failure.seed) }]);
  return failures.find(({ stage }) => stage === failure.stage);
}

/** The graph after 2-check, where every shape is known; undefined when the model does not get there. */
async function checkedGraph(bytes: Uint8Array): Promise<Graph | undefined> {
  let graph: Graph | undefined;
  try {
    await compile({ fileName: 'model.onnx', bytes }, { target: 'host' }, (stage, seen) => {
      if (stage === '2-check') graph = seen;
    });
  } catch {
    // The failure may be in a later phase.
  }
  return graph;
}

/** The model with other inputs or outputs and what these need; undefined when nothing would change. */
export function cut(
  bytes: Uint8Array,
  newInputs: readonly BuilderTensor[],
  newOutputs: readonly BuilderTensor[],
): Uint8Array | undefined {
  const model = onnx.ModelProto.decode(bytes);
  const graph = model.graph!;
  if (newOutputs.length > 0) graph.output = newOutputs.map(valueInfo);
  const given = new Set([...(graph.input ?? []), ...newInputs].map(({ name }) => name!));
  const live = new Set((graph.output ?? []).map(({ name }) => name!));
  if (newInputs.some(({ name }) => live.has(name))) return undefined;
  const nodes = [...(graph.node ?? [])].reverse().filter((node) => {
    const needed = node.output!.some((name) => live.has(name) && !given.has(name));
    if (needed) for (const name of node.input!) live.add(name);
    return needed;
  });
  if (nodes.length === 0 || newInputs.some(({ name }) => !live.has(name))) return undefined;
  const before = graph.node?.length;
  graph.node = nodes.reverse();
  graph.initializer = (graph.initializer ?? []).filter(({ name }) => live.has(name!));
  graph.input = [...(graph.input ?? []), ...newInputs.map(valueInfo)].filter(({ name }) => live.has(name!));
  return newInputs.length > 0 && graph.node.length === before ? undefined : onnx.ModelProto.encode(model).finish();
}
