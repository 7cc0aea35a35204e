/**
 * ONNX Runtime against the reference evaluator, node by node. Integer kernels must agree exactly. Where ONNX Runtime computes in
 * float, or divides in another order, its result may lie on the other side of a rounding tie and nowhere else.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import * as ort from 'onnxruntime-node';
import type { Compilation } from '../../compiler/compilation.js';
import { type Graph, type Node, producers, valueOf } from '../../compiler/ir/graph.js';
import type { Tensor, TensorData } from '../../compiler/ir/tensor.js';
import { operatorOf } from '../../compiler/ops/index.js';
import { viewNode } from '../../compiler/ops/node-view.js';
import { withOutputs } from '../../compiler/verify/onnx-edit.js';
import { compareWithOnnxRuntime, type NodeComparison } from '../../compiler/verify/onnxruntime.js';
import { evaluateReference } from '../../compiler/verify/verify.js';
import { addTo, type Count, type Tally } from './tally.js';
import type { Vector } from './vectors.js';

const { onnx } = onnxProto;

/** Kernels of ONNX Runtime that compute as the profile `onnx` says: int32 sums, one float32 product, half to even. */
const EXACT = new Set([
  'QLinearConv',
  'QLinearMatMul',
  'QGemm',
  'MaxPool',
  'Reshape',
  'Gather',
  'Slice',
  'Pad',
  'Concat',
]);

/** How far from a tie a result may be that lies on its other side, as a part of the result. */
const NEAR = 2 ** -12;

/** Largest difference of a quantized Softmax, and of floats. */
const SOFTMAX_STEPS = 1;

export interface OracleVerdict {
  /** The first difference that no law explains. */
  readonly problem?: string;
  /** Integers compared under default optimisation, by operator of the ONNX file. */
  readonly tally: Tally;
  /** ONNX Runtime cannot run the model. */
  readonly refused?: string;
}

export async function askOnnxRuntime(compilation: Compilation, vectors: readonly Vector[]): Promise<OracleVerdict> {
  const set = { vectors, labels: vectors.map((_, index) => `vector ${index}`) };
  const reference = await evaluateReference(compilation.reference, set, {});
  const tally = new Map<string, Count>();
  const suspects: { comparison: Compared; index: number }[] = [];
  // What the last evaluation of each node's output was, in this session.
  const latest = new Map<string, NodeComparison>();
  let problem: string | undefined;
  const result = await compareWithOnnxRuntime(compilation, set, reference, {
    required: false,
    observe(comparison) {
      const { own, oracle, optimization } = comparison;
      latest.set(comparison.output, comparison);
      if (!isCompared(comparison) || oracle === undefined) return;
      if (own.dtype.startsWith('float')) {
        if (optimization === 'none') problem ??= floatProblem(comparison);
        return;
      }
      const differing = indicesOfDifferences(own.data, oracle.data);
      // Nodes of random graphs are named after their operator.
      const operator = nodeBehind(latest, comparison).name.replace(/_\d+.*$/, '');
      if (optimization === 'default') addTo(tally, operator, own.data.length, differing.length);
      if (differing.length === 0) return;
      const far = farFromTie(compilation.reference, latest, comparison, differing);
      if (far !== undefined) problem ??= describe(comparison, far, 'no tie is near');
      else suspects.push({ comparison, index: differing[0]! });
    },
  });
  if (typeof result === 'string') return { tally, refused: result };
  for (const { comparison, index } of suspects) problem ??= await exactKernel(compilation, comparison, index);
  return { ...(problem === undefined ? {} : { problem }), tally };
}

/** A comparison of a tensor that ONNX Runtime has. */
type Compared = NodeComparison & { readonly oracle: Tensor };

function isCompared(comparison: NodeComparison): comparison is Compared {
  return comparison.oracle !== undefined;
}

function indicesOfDifferences(own: TensorData, oracle: TensorData): number[] {
  const list: number[] = [];
  for (let i = 0; i < own.length; i += 1) if (own[i] !== oracle[i]) list.push(i);
  return list;
}

function describe({ node, output, own, oracle, optimization }: Compared, index: number, why: string): string {
  const graph = optimization === 'default' ? 'optimised' : 'as it stands';
  return `ONNX Runtime (graph ${graph}): "${node.name}" (${node.op}), "${output}"[${index}] is ${oracle.data[index]}, the reference says ${own.data[index]}; ${why}`;
}

/** The first index where the results are not on two sides of one tie. */
function farFromTie(
  graph: Graph,
  latest: ReadonlyMap<string, NodeComparison>,
  comparison: Compared,
  differing: readonly number[],
): number | undefined {
  const { own, oracle } = comparison;
  if (nodeBehind(latest, comparison).op === 'Softmax') {
    return differing.find((i) => Math.abs(Number(own.data[i]) - Number(oracle.data[i])) > SOFTMAX_STEPS);
  }
  if (valueOf(graph, comparison.output).quantization === undefined) return differing[0];
  const bounds = [1 - NEAR, 1 + NEAR].map((factor) => evaluateScaled(graph, latest, comparison, factor));
  return differing.find((i) => {
    const near = [own, ...bounds].map(({ data }) => Number(data[i]));
    const theirs = Number(oracle.data[i]);
    return theirs < Math.min(...near) || theirs > Math.max(...near);
  });
}

/** The node that computed a tensor which may have been reshaped since. */
function nodeBehind(latest: ReadonlyMap<string, NodeComparison>, { node }: NodeComparison): Node {
  const before = node.op === 'Reshape' ? latest.get(node.inputs[0]!) : undefined;
  return before === undefined || isCompared(before) ? node : nodeBehind(latest, before);
}

/**
 * The node with another scale of its output: what lies near a tie falls on its other side. Inputs that ONNX does not have are
 * evaluated in the same way: they are a part of what ONNX Runtime computed as one.
 */
function evaluateScaled(
  graph: Graph,
  latest: ReadonlyMap<string, NodeComparison>,
  { node, output, inputs }: NodeComparison,
  factor: number,
): Tensor {
  const value = valueOf(graph, output);
  const values = new Map(graph.values);
  if (value.quantization !== undefined) {
    const scale = value.quantization.scale.map((s) => Math.fround(s * factor));
    values.set(output, { ...value, quantization: { ...value.quantization, scale } });
  }
  const scaled = node.inputs.map((name, index) => {
    const before = latest.get(name);
    return before === undefined || isCompared(before) ? inputs[index] : evaluateScaled(graph, latest, before, factor);
  });
  const operator = operatorOf(node);
  const results = operator.evaluate!(viewNode({ ...graph, values }, node, operator), scaled);
  return results[node.outputs.indexOf(output)]!;
}

/** A difference near a tie is a fault all the same where ONNX Runtime ran a kernel that rounds as the specification says. */
async function exactKernel(compilation: Compilation, comparison: Compared, index: number): Promise<string | undefined> {
  if (comparison.optimization === 'none') return undefined;
  const name = valueOf(compilation.reference, comparison.output).source?.name ?? comparison.output;
  const kernel = (await kernelsOf(compilation)).get(name);
  return kernel !== undefined && EXACT.has(kernel)
    ? describe(comparison, index, `from its kernel ${kernel}`)
    : undefined;
}

/** Which operator of ONNX Runtime's optimised graph writes each tensor, seen through the Transposes that it adds. */
export async function kernelsOf({ reference, source }: Compilation): Promise<Map<string, string>> {
  const written = producers(reference);
  const names = [...reference.values.values()]
    .filter(({ name, dtype }) => written.has(name) && !dtype.startsWith('float'))
    .flatMap((value) => value.source?.name ?? []);
  const inFile = new Set((onnx.ModelProto.decode(source.bytes).graph?.node ?? []).flatMap((node) => node.output ?? []));
  const folder = mkdtempSync(join(tmpdir(), 'nanoc-oracle-'));
  try {
    const optimizedModelFilePath = join(folder, 'optimised.onnx');
    const bytes = withOutputs(
      source,
      names.filter((name) => inFile.has(name)),
    );
    const session = await ort.InferenceSession.create(bytes, {
      ...{ graphOptimizationLevel: 'all', intraOpNumThreads: 1, logSeverityLevel: 4 },
      optimizedModelFilePath,
    });
    await session.release();
    const nodes = onnx.ModelProto.decode(readFileSync(optimizedModelFilePath)).graph?.node ?? [];
    const byOutput = new Map(nodes.flatMap((node) => (node.output ?? []).map((output) => [output, node] as const)));
    return new Map(
      [...byOutput].map(([output, node]) => {
        let from = node;
        while (from.opType === 'Transpose' && byOutput.has(from.input![0]!)) from = byOutput.get(from.input![0]!)!;
        return [output, from.opType ?? ''];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Floats: 1e-5, absolute or relative. */
function floatProblem(comparison: Compared): string | undefined {
  const { own, oracle } = comparison;
  for (let i = 0; i < own.data.length; i += 1) {
    const [a, b] = [Number(own.data[i]), Number(oracle.data[i])];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    if (!(Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b)))) return describe(comparison, i, 'floats too far apart');
  }
  return undefined;
}
