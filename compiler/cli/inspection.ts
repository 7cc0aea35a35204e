import type { Compilation } from '../compilation.js';
import { consumers, type Graph, type Node, producers, type Value } from '../ir/graph.js';
import { totalMacs } from '../ir/kernel-call.js';
import { bytesPerElement, elementCount } from '../ir/tensor.js';
import { findOperator } from '../ops/index.js';

export interface TensorInfo {
  readonly name: string;
  /** e.g. `int8[1,49,10]`. */
  readonly type: string;
  /** e.g. `scale 0.5, zero point 3`. */
  readonly quantization?: string;
}

export interface Inspection {
  readonly opsets: Readonly<Record<string, number>>;
  /** How the model is quantized. */
  readonly form: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly operators: readonly { readonly name: string; readonly count: number; readonly supported: boolean }[];
  readonly nodes: number;
  /** Elements of the constants that are no scale, zero point, shape or index. */
  readonly parameters: number;
  readonly parameterBytes: number;
  /** Multiply-accumulates of one inference; absent when the model does not compile. */
  readonly macs?: number;
}

/** What a graph is made of, as the ONNX file has it (after 1-import or 2-check). */
export function inspectGraph(graph: Graph, compilation: Compilation | undefined): Inspection {
  const weights = parameters(graph);
  return {
    opsets: Object.fromEntries(
      [...graph.opsets].map(([domain, version]) => [domain === '' ? 'ai.onnx' : domain, version]),
    ),
    form: form(graph),
    inputs: graph.inputs.map((name) => describe(graph, name, compilation)),
    outputs: graph.outputs.map((name) => describe(graph, name, compilation)),
    operators: histogram(graph),
    nodes: graph.nodes.length,
    parameters: weights.reduce((sum, value) => sum + elementCount(value.shape), 0),
    parameterBytes: weights.reduce((sum, value) => sum + elementCount(value.shape) * bytesPerElement(value.dtype), 0),
    ...(compilation === undefined ? {} : { macs: totalMacs(compilation.program.calls) }),
  };
}

function describe(graph: Graph, name: string, compilation: Compilation | undefined): TensorInfo {
  const value = compilation?.reference.values.get(name) ?? graph.values.get(name);
  if (value === undefined) return { name, type: 'unknown' };
  const type = `${value.dtype}[${value.shape}]`;
  const scale = value.quantization?.scale;
  if (scale === undefined) return { name, type };
  const quantization =
    scale.length === 1 ? `scale ${scale[0]}, zero point ${value.quantization!.zeroPoint[0]}` : `${scale.length} scales`;
  return { name, type, quantization };
}

function qualified(node: Node): string {
  return node.domain === '' ? node.op : `${node.domain}.${node.op}`;
}

function histogram(graph: Graph) {
  const counts = new Map<string, { name: string; count: number; supported: boolean }>();
  for (const node of graph.nodes) {
    const name = qualified(node);
    const before = counts.get(name)?.count ?? 0;
    counts.set(name, { name, count: before + 1, supported: findOperator(node.domain, node.op) !== undefined });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

function form(graph: Graph): string {
  const qlinear = graph.nodes.filter((node) => /^(QLinear|QGemm)/.test(node.op)).length;
  const quantize = graph.nodes.filter((node) => node.op === 'QuantizeLinear' || node.op === 'DequantizeLinear').length;
  if (qlinear > 0) return `quantized, QOperator form (${qlinear} QLinear operators)`;
  if (quantize > 0) return `quantized, QDQ form (${quantize} QuantizeLinear and DequantizeLinear)`;
  return 'not quantized';
}

/** Constants that some node reads as data: not those in the places of scales, zero points, shapes and axes. */
function parameters(graph: Graph): Value[] {
  const readers = consumers(graph);
  const written = producers(graph);
  return [...graph.values.values()].filter((value) => {
    if (value.constant === undefined || written.has(value.name)) return false;
    return (readers.get(value.name) ?? []).some((node) => {
      const specs = findOperator(node.domain, node.op)?.inputs ?? [];
      return node.inputs.some((name, index) => {
        const spec = specs[Math.min(index, specs.length - 1)];
        return name === value.name && spec?.mustBeConstant !== true && !/scale$|zero_point$/.test(spec?.name ?? '');
      });
    });
  });
}
