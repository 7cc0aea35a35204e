/** One small model three ways: ONNX Runtime, the reference evaluator, and the kernels on the host, call by call. */
import * as ort from 'onnxruntime-node';
import { Diagnostics } from '../../compiler/diagnostics/diagnostic.js';
import { type Graph, valueOf } from '../../compiler/ir/graph.js';
import type { KernelCall, Program } from '../../compiler/ir/kernel-call.js';
import type { Target } from '../../compiler/ir/target.js';
import { byteLength, bytesOf, type DataType, fromBytes, type Tensor } from '../../compiler/ir/tensor.js';
import { importModel } from '../../compiler/phases/1-import/index.js';
import { checkGraph } from '../../compiler/phases/2-check/index.js';
import { canonicalise, optimise } from '../../compiler/phases/3-rewrite/index.js';
import { lower } from '../../compiler/phases/4-lower/index.js';
import { evaluateGraph } from '../../compiler/reference/evaluate.js';
import { applySource } from '../../compiler/reference/source.js';
import { target as host } from '../../targets/host/target.js';
import { type BuilderModel, buildModel } from './onnx-builder.js';
import { type RunCallOptions, runCalls } from './run-call.js';

export interface OperatorCase {
  /** Appears in the message of a failure. */
  readonly name: string;
  readonly model: BuilderModel;
  readonly inputs: Readonly<Record<string, Tensor>>;
}

export interface CompiledCase extends OperatorCase {
  readonly reference: Graph;
  readonly graph: Graph;
  readonly program: Program;
  readonly diagnostics: Diagnostics;
  /** Every value of the reference graph. */
  readonly expected: ReadonlyMap<string, Tensor>;
}

/** The outputs that ONNX Runtime computes, by name. */
export async function runOnnx(
  item: OperatorCase,
  graphOptimizationLevel: 'disabled' | 'all' = 'disabled',
): Promise<Map<string, Tensor>> {
  const session = await ort.InferenceSession.create(buildModel(item.model), {
    graphOptimizationLevel,
    logSeverityLevel: 3,
  });
  const feeds = Object.entries(item.inputs).map(
    ([name, { dtype, data, shape }]) =>
      [name, new ort.Tensor(dtype as 'float32', data as Float32Array, shape)] as const,
  );
  const results = await session.run(Object.fromEntries(feeds));
  return new Map(
    Object.entries(results).map(([name, tensor]) => [
      name,
      { dtype: tensor.type as DataType, shape: tensor.dims, data: tensor.data as Tensor['data'] },
    ]),
  );
}

/** As compile(), without memory plan, and evaluates the reference graph. */
export function compileCase(item: OperatorCase, target: Target = host): CompiledCase {
  const diagnostics = new Diagnostics();
  const imported = importModel(buildModel(item.model), { name: 'case' }, diagnostics);
  diagnostics.throwIfErrors();
  const reference = canonicalise(checkGraph(imported, diagnostics), diagnostics);
  const graph = optimise(reference, target, diagnostics);
  const program = lower(graph, target, { target: target.name, kernels: 'portable' }, diagnostics);
  diagnostics.throwIfErrors();
  const expected = evaluateGraph(reference, new Map(Object.entries(item.inputs)));
  return { ...item, reference, graph, program, diagnostics, expected };
}

/**
 * Runs the kernels of many cases: the first call of each in one program, then the second of each, and so on. Every value
 * that stands for an ONNX tensor is compared with the reference.
 * @returns every value of each optimised graph, by name
 */
export async function runKernels(
  cases: readonly CompiledCase[],
  options: RunCallOptions = {},
): Promise<Map<string, Tensor>[]> {
  const values = cases.map((item) => {
    const known = new Map<string, Tensor>(Object.entries(item.inputs));
    for (const value of item.graph.values.values())
      if (value.constant !== undefined) known.set(value.name, value.constant);
    return known;
  });
  const rounds = Math.max(...cases.map(({ program }) => program.calls.length));
  for (let round = 0; round <= rounds; round += 1) {
    cases.forEach((item, index) => {
      resolveViews(item, values[index]!);
    });
    const due = cases.flatMap((item, index) => {
      const call = item.program.calls[round];
      return call === undefined
        ? []
        : [{ item, index, call, case: { call, graph: item.graph, inputs: readsOf(call, values[index]!) } }];
    });
    if (due.length === 0) continue;
    const results = await runCalls(
      due.map((each) => each.case),
      options,
    );
    results.forEach((result, i) => {
      for (const [name, tensor] of result) {
        values[due[i]!.index]!.set(name, tensor);
        compare(due[i]!.item, name, tensor);
      }
    });
  }
  cases.forEach((item, index) => {
    for (const name of item.graph.outputs) compare(item, name, values[index]!.get(name));
  });
  return values;
}

function readsOf(call: KernelCall, values: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const reads = call.arguments.flatMap((a) => (a.kind === 'value' && a.access === 'read' ? [a.value] : []));
  return new Map(
    reads.map((name) => {
      const tensor = values.get(name);
      if (tensor === undefined)
        throw new Error(`${call.node.op} "${call.node.name}" reads "${name}", which nothing has written`);
      return [name, tensor];
    }),
  );
}

/** Values that are windows of others, and others that are made of their windows. */
function resolveViews({ graph, program }: CompiledCase, values: Map<string, Tensor>): void {
  for (let pass = 0; pass <= program.views.length; pass += 1) {
    for (const view of program.views) {
      const [value, base] = [valueOf(graph, view.value), valueOf(graph, view.base)];
      const from = values.get(view.base);
      if (!values.has(view.value) && from !== undefined) {
        const bytes = bytesOf(from.data).subarray(view.byteOffset, view.byteOffset + byteLength(value));
        values.set(value.name, { dtype: value.dtype, shape: value.shape, data: fromBytes(value.dtype, bytes) });
      }
      const parts = program.views.filter((other) => other.base === view.base && other.node === view.node);
      const made = view.node.outputs.includes(view.base) && parts.every((part) => values.has(part.value));
      if (from !== undefined || !made) continue;
      const bytes = new Uint8Array(byteLength(base));
      for (const part of parts) bytes.set(bytesOf(values.get(part.value)!.data), part.byteOffset);
      values.set(base.name, { dtype: base.dtype, shape: base.shape, data: fromBytes(base.dtype, bytes) });
    }
  }
}

function compare(item: CompiledCase, name: string, tensor: Tensor | undefined): void {
  const value = valueOf(item.graph, name);
  const isOutput = item.graph.outputs.includes(name);
  const onnx = value.source !== undefined || isOutput ? item.expected.get(value.source?.name ?? name) : undefined;
  if (onnx === undefined) return;
  const expected = value.source === undefined ? onnx : applySource(value, onnx);
  if (tensor === undefined) throw new Error(`${item.name}: nothing writes "${name}"`);
  const [got, wanted] = [bytesOf(tensor.data), bytesOf(expected.data)];
  if (Buffer.compare(got, wanted) === 0) return;
  const at = expected.data.findIndex((x: unknown, i: number) => !Object.is(x, tensor.data[i]));
  throw new Error(`${item.name}: "${name}"[${at}] is ${tensor.data[at]}, the reference says ${expected.data[at]}`);
}
