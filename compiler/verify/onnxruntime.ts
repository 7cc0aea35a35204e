/**
 * The reference evaluator against ONNX Runtime, where the user has it (npm package `onnxruntime-node`).
 *
 * Integer tensors are taken from a session with default optimisation: there quantize-dequantize models run in quantized
 * operators, as ONNX Runtime runs them for its users. Floats, and integers once more, come from a session without optimisation.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import type { Compilation } from '../compilation.js';
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import { type Graph, type Node, producers, valueOf } from '../ir/graph.js';
import { elementCount, type Tensor, type TensorData } from '../ir/tensor.js';
import { dequantizeArray, type QuantizedType } from '../numerics/arrays.js';
import { operatorOf } from '../ops/index.js';
import { viewNode } from '../ops/node-view.js';
import { initialState, isTaken, keepStates, knownGuards } from '../reference/evaluate.js';
import { applySource } from '../reference/source.js';
import { distance } from './compare.js';
import { nodeOutputs, withOutputs } from './onnx-edit.js';
import type { OnnxRuntimeVerification, OutputDistance, TensorDistance } from './result.js';
import type { VectorSet } from './vector-set.js';

type Ort = typeof import('onnxruntime-node');

/** One node of the reference graph, evaluated on what ONNX Runtime had at its inputs, and what ONNX Runtime made of them. */
export interface NodeComparison {
  readonly optimization: 'default' | 'none';
  readonly node: Node;
  readonly output: string;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly own: Tensor;
  /** Absent where ONNX has no such tensor: then the nodes that follow read `own`. */
  readonly oracle: Tensor | undefined;
}

export interface OracleOptions {
  readonly required: boolean;
  /** Sees every output of a node, equal or not, vector by vector in the order of evaluation. */
  readonly observe?: (comparison: NodeComparison) => void;
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

/** A distance before the verdict. */
type Distance = Omit<TensorDistance, 'differingUnoptimized' | 'verdict'>;

/** By ONNX tensor name, for each vector. */
type Recorded = ReadonlyMap<string, Tensor>[];

/**
 * @param reference every value of the reference graph, for each vector
 * @returns the comparison, or why there is none
 * @throws CompileError NC0714 (exit code 3) when ONNX Runtime is required and missing or cannot run the model
 */
export async function compareWithOnnxRuntime(
  compilation: Compilation,
  set: VectorSet,
  reference: readonly ReadonlyMap<string, Tensor>[],
  options: OracleOptions,
): Promise<OnnxRuntimeVerification | string> {
  try {
    const ort = await loadOrt();
    return typeof ort === 'string' ? refuse(ort, options) : await compare(ort, compilation, set, reference, options);
  } catch (error) {
    if (options.signal?.aborted || !(error instanceof OracleError)) throw error;
    return refuse(error.message, options);
  }
}

/** ONNX Runtime cannot run the model. */
class OracleError extends Error {}

function refuse(reason: string, options: OracleOptions): string {
  if (!options.required) return reason;
  return fail(
    {
      code: 'NC0714',
      message: 'no comparison with ONNX Runtime',
      because: reason,
      help: 'npm install onnxruntime-node, beside nanoc',
    },
    EXIT.missingTool,
  );
}

async function loadOrt(): Promise<Ort | string> {
  try {
    const module = (await import('onnxruntime-node')) as Ort & { default?: Ort };
    return module.default ?? module;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ERR_MODULE_NOT_FOUND'
      ? 'onnxruntime-node is not installed'
      : `onnxruntime-node cannot be loaded: ${message}`;
  }
}

async function compare(
  ort: Ort,
  compilation: Compilation,
  set: VectorSet,
  own: readonly ReadonlyMap<string, Tensor>[],
  options: OracleOptions,
): Promise<OnnxRuntimeVerification> {
  const { reference, source, onnx, tables } = compilation;
  const names = comparable(compilation);
  const integers = names.filter((name) => !valueOf(reference, name).dtype.startsWith('float'));
  const { outputs } = onnx;
  const runs = {
    default: await record(
      ort,
      compilation,
      set,
      withOutputs(source, integers, tables),
      'all',
      [...integers, ...outputs],
      options,
    ),
    none: await record(
      ort,
      compilation,
      set,
      withOutputs(source, names, tables),
      'disabled',
      [...names, ...outputs],
      options,
    ),
    // Extra outputs may keep nodes from being fused: the final outputs also as any user gets them.
    plain: await record(ort, compilation, set, withOutputs(source, [], tables), 'all', outputs, options),
  };
  const optimized = teacherForced(reference, runs.default, set, observer('default', options));
  const unoptimized = teacherForced(reference, runs.none, set, observer('none', options));
  const judged = names.filter((name) => unoptimized.has(name));
  const tensors = judged.map((name): TensorDistance => {
    const plain = unoptimized.get(name)!;
    const found = integers.includes(name) ? optimized.get(name)! : plain;
    return { ...found, verdict: verdictOf(reference, found), differingUnoptimized: plain.differing };
  });
  const ends = [
    ...outputDistances(compilation, own, runs.plain, 'default'),
    ...outputDistances(compilation, own, runs.none, 'none'),
  ];
  return {
    version: ortVersion(),
    passed: tensors.every((each) => each.verdict !== 'different'),
    tensors,
    elements: tensors.reduce((sum, each) => sum + each.elements, 0),
    differing: tensors.reduce((sum, each) => sum + each.differing, 0),
    outputs: ends,
    remarks: remarksOf(tensors),
  };
}

type Observer = (comparison: Omit<NodeComparison, 'optimization'>) => void;

function observer(optimization: NodeComparison['optimization'], { observe }: OracleOptions): Observer {
  return observe === undefined ? () => {} : (comparison) => observe({ optimization, ...comparison });
}

/** Tensors that both sides have: written by a node of the ONNX file and by one of the reference graph. */
function comparable({ reference, source }: Compilation): string[] {
  const inFile = nodeOutputs(source);
  const written = producers(reference);
  const names = [...reference.values.values()]
    .filter((value) => value.constant === undefined && written.has(value.name))
    .flatMap((value) => value.source?.name ?? []);
  return [...new Set(names)].filter((name) => inFile.has(name) && reference.values.has(name));
}

/** Runs all vectors; a model with state carries ONNX Runtime's own states. */
async function record(
  ort: Ort,
  { onnx, reference }: Compilation,
  set: VectorSet,
  model: Uint8Array,
  graphOptimizationLevel: 'all' | 'disabled',
  fetches: readonly string[],
  options: OracleOptions,
): Promise<Recorded> {
  const session = await openSession(ort, model, graphOptimizationLevel);
  try {
    const state = initialState(onnx);
    const results: Map<string, Tensor>[] = [];
    for (const [index, vector] of set.vectors.entries()) {
      options.onProgress?.(`ONNX Runtime: vector ${index + 1} of ${set.vectors.length}`);
      options.signal?.throwIfAborted();
      const feeds = Object.fromEntries(
        [...vector, ...state].map(([name, tensor]) => [name, toOrt(ort, asInFile(onnx, reference, name, tensor))]),
      );
      const got = await cannot(() => session.run(feeds, [...new Set(fetches)]));
      const tensors = new Map(Object.entries(got).map(([name, tensor]) => [name, fromOrt(tensor)]));
      for (const { input, output } of onnx.states) state.set(input, tensors.get(output)!);
      results.push(tensors);
    }
    return results;
  } finally {
    await session.release();
  }
}

/** An input that the compiled model takes quantized (an image front end), as the real numbers that the file's float input takes. */
function asInFile(onnx: Graph, reference: Graph, name: string, tensor: Tensor): Tensor {
  const quantization = reference.values.get(name)?.quantization;
  if (onnx.values.get(name)?.dtype !== 'float32' || tensor.dtype === 'float32' || quantization === undefined)
    return tensor;
  const [scale, zeroPoint] = [quantization.scale[0]!, quantization.zeroPoint[0]!];
  const dtype = tensor.dtype as QuantizedType;
  const data = dequantizeArray(tensor.data as Int8Array, { dtype, scale, zeroPoint });
  return { dtype: 'float32', shape: tensor.shape, data };
}

async function openSession(ort: Ort, model: Uint8Array, graphOptimizationLevel: 'all' | 'disabled') {
  const options = {
    graphOptimizationLevel,
    executionMode: 'sequential',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  } as const;
  if (saturates()) {
    try {
      // ONNX Runtime turns signed weights into unsigned ones, whose products with uint8 do not saturate; it fails on some models.
      return await ort.InferenceSession.create(model, { ...options, extra: { session: { x64quantprecision: '1' } } });
    } catch {
      // Saturating results are remarked on.
    }
  }
  return cannot(() => ort.InferenceSession.create(model, options));
}

async function cannot<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new OracleError(`ONNX Runtime cannot run the model: ${(error as Error).message}`);
  }
}

function toOrt(ort: Ort, tensor: Tensor): OrtTensor {
  return new ort.Tensor(tensor.dtype as 'int8', tensor.data as Int8Array, tensor.shape);
}

function fromOrt(tensor: OrtTensor): Tensor {
  return { dtype: tensor.type as Tensor['dtype'], shape: tensor.dims, data: tensor.data as TensorData };
}

/** Distances by tensor: every node is evaluated on what ONNX Runtime had at its inputs, so that nothing cascades. */
function teacherForced(graph: Graph, recorded: Recorded, set: VectorSet, observe: Observer): Map<string, Distance> {
  const found = new Map<string, Distance>();
  const state = initialState(graph);
  set.vectors.forEach((vector, index) => {
    const theirs = recorded[index]!;
    const tensors = new Map<string, Tensor>([...vector, ...state]);
    for (const value of graph.values.values())
      if (value.constant !== undefined) tensors.set(value.name, value.constant);
    for (const node of graph.nodes) {
      if (!isTaken(knownGuards(graph).get(node)!, tensors)) continue;
      const operator = operatorOf(node);
      const inputs = node.inputs.map((name) => (name === '' ? undefined : tensors.get(name)));
      const results = operator.evaluate!(viewNode(graph, node, operator), inputs);
      node.outputs.forEach((name, output) => {
        if (name === '') return;
        const own = results[output]!;
        const oracle = counterpart(graph, name, theirs);
        if (oracle !== undefined && !isChanged(node))
          note(found, valueOf(graph, name).source?.name ?? name, node.name, own, oracle);
        observe({ node, output: name, inputs, own, oracle });
        tensors.set(name, oracle ?? own);
      });
    }
    keepStates(graph, tensors);
    // A state that ONNX does not have in this form (split, or in bytes) is carried as it is.
    for (const { input, output } of graph.states) {
      state.set(input, counterpart(graph, output, theirs) ?? tensors.get(output)!);
    }
  });
  return found;
}

/** Attention over caches that `--kv-cache` keeps in fewer bits: what that changes was asked for, and is no distance of the two. */
function isChanged({ op, attributes }: Node): boolean {
  return op === 'CachedAttention' && (attributes.cache ?? '') !== '';
}

/** What ONNX Runtime computed for a value, in the value's layout. */
function counterpart(graph: Graph, name: string, theirs: ReadonlyMap<string, Tensor>): Tensor | undefined {
  const value = valueOf(graph, name);
  const source = value.source;
  const tensor = source === undefined ? undefined : theirs.get(source.name);
  if (source === undefined || tensor === undefined || tensor.data.length !== elementCount(value.shape))
    return undefined;
  const wanted = !source.signShift ? value.dtype : value.dtype === 'int16' ? 'uint16' : 'uint8';
  return tensor.dtype === wanted ? applySource(value, tensor) : undefined;
}

function note(found: Map<string, Distance>, tensor: string, node: string, own: Tensor, oracle: Tensor): void {
  const { differing, maxDistance } = distance(oracle.data, own.data);
  const before = found.get(tensor) ?? { elements: 0, differing: 0, maxDistance: 0 };
  found.set(tensor, {
    tensor,
    node,
    dtype: own.dtype,
    elements: before.elements + own.data.length,
    differing: before.differing + differing.length,
    maxDistance: Math.max(before.maxDistance, maxDistance),
  });
}

/** Of the outputs that both sides have. */
function outputDistances(
  { reference: graph, onnx }: Compilation,
  own: readonly ReadonlyMap<string, Tensor>[],
  recorded: Recorded,
  optimization: OutputDistance['optimization'],
): OutputDistance[] {
  const common = graph.outputs.filter((tensor) => onnx.outputs.includes(tensor));
  return common.map((tensor) => {
    const all = own.map((result, index) => distance(recorded[index]!.get(tensor)!.data, result.get(tensor)!.data));
    return {
      tensor,
      optimization,
      elements: own.length * elementCount(valueOf(graph, tensor).shape),
      differing: all.reduce((sum, each) => sum + each.differing.length, 0),
      maxDistance: Math.max(...all.map((each) => each.maxDistance)),
    };
  });
}

function ortVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('onnxruntime-node/package.json') as { version: string }).version;
}

function verdictOf(graph: Graph, found: Distance): TensorDistance['verdict'] {
  if (found.differing === 0) return 'equal';
  if (found.dtype.startsWith('float')) return 'different';
  if (found.maxDistance <= 1) return 'off by one';
  const types = producers(graph)
    .get(found.tensor)
    ?.inputs.slice(0, 2)
    .map((name) => graph.values.get(name)?.dtype);
  return types?.join() === 'uint8,int8' && saturates() ? 'saturated' : 'different';
}

function remarksOf(tensors: readonly TensorDistance[]): string[] {
  const remarks: string[] = [];
  const saturated = tensors.filter((each) => each.verdict === 'saturated');
  if (saturated.length > 0) {
    const names = saturated.map((each) => each.tensor).join(', ');
    remarks.push(
      `this CPU has AVX2 without VNNI, where ONNX Runtime adds products of uint8 and int8 in saturating 16-bit steps; the specification is the judge: ${names}`,
    );
  }
  const offByOne = tensors
    .filter((each) => each.verdict === 'off by one')
    .reduce((sum, each) => sum + each.differing, 0);
  if (offByOne > 0) {
    remarks.push(
      `${offByOne} integers are off by one: ONNX Runtime computes these layers in another order or in float (docs/NUMERICS.md)`,
    );
  }
  return remarks;
}

/** AVX2 without dot-product instructions, by what Linux says of the CPU. */
function saturates(): boolean {
  if (process.arch !== 'x64') return false;
  try {
    const flags = new Set((/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '').split(/\s+/));
    return flags.has('avx2') && !flags.has('avx512_vnni') && !flags.has('avx_vnni');
  } catch {
    return false;
  }
}
