/** Random matrix products with constant weights, lowered by one kernel option, with what the reference evaluator says. */
import { Diagnostics } from '../../compiler/diagnostics/diagnostic.js';
import type { Graph, Node, Quantization, Value } from '../../compiler/ir/graph.js';
import type { Feature } from '../../compiler/ir/target.js';
import type { Tensor } from '../../compiler/ir/tensor.js';
import type { KernelOption, LowerContext } from '../../compiler/ops/define.js';
import { operatorOf } from '../../compiler/ops/index.js';
import { viewNode } from '../../compiler/ops/node-view.js';
import type { NativeCase } from './native-conv.js';
import type { Random } from './random.js';

interface Operands {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly bias: Tensor;
}

/** Zero point of all weights, and how often one of them is at a limit of int8. */
export interface WeightZero {
  readonly zero: number;
  readonly outliers: number;
}

function operands(
  rows: number,
  inner: number,
  columns: number,
  random: Random,
  weightLimit: number,
  outliers = 0,
): Operands {
  const extreme = random.chance(0.15);
  const byte = () => (extreme ? random.pick([-128, 127]) : random.integer(-128, 127));
  const limited = () => Math.max(-weightLimit, Math.min(weightLimit, byte()));
  const weight = () => (outliers > 0 && random.chance(outliers) ? random.pick([-128, 127]) : limited());
  const int8 = (shape: [number, number], element = byte): Tensor => ({
    ...{ dtype: 'int8', shape },
    data: Int8Array.from({ length: shape[0] * shape[1] }, element),
  });
  const bias = Int32Array.from({ length: columns }, () => random.integer(-5000, 5000));
  return {
    a: int8([rows, inner]),
    b: int8([inner, columns], weight),
    bias: { dtype: 'int32', shape: [columns], data: bias },
  };
}

function graphOf({ a, b, bias }: Operands, random: Random, perColumn = true, zero = 0): Graph {
  const [inner, columns] = b.shape as [number, number];
  const perTensor = (scale: number, zeroPoint: number) => ({ scale: [Math.fround(scale)], zeroPoint: [zeroPoint] });
  const scale = Array.from({ length: columns }, () => Math.fround(0.004 * (0.5 + random.next())));
  const weights: Quantization = perColumn
    ? { scale, zeroPoint: scale.map(() => zero), axis: 1 }
    : perTensor(scale[0]!, zero);
  const spread = 0.02 * 0.004 * 70 * Math.sqrt(inner) * (0.3 + random.next());
  const attributes = random.chance(0.2) ? { clamp: [random.integer(-100, 0), random.integer(1, 90)] } : {};
  const node: Node = {
    ...{ name: 'matmul', op: 'MatMul', domain: '', inputs: ['a', 'b', 'bias'], outputs: ['y'] },
    attributes,
  };
  const values: Value[] = [
    { name: 'a', dtype: 'int8', shape: a.shape, quantization: perTensor(0.02, random.integer(-128, 127)) },
    { name: 'b', dtype: 'int8', shape: b.shape, constant: b, quantization: weights },
    { name: 'bias', dtype: 'int32', shape: bias.shape, constant: bias },
    {
      ...{ name: 'y', dtype: 'int8', shape: [a.shape[0]!, columns] },
      quantization: perTensor(spread, random.pick([-128, 0, 5, -77])),
    },
  ];
  return {
    ...{ name: 'm', inputs: ['a'], outputs: ['y'], nodes: [node], states: [], opsets: new Map([['', 13]]) },
    values: new Map(values.map((value) => [value.name, value])),
  };
}

export interface MatmulSpec {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly perColumn: boolean;
  /** Input and output are int16, the output's zero point 0. */
  readonly halfwords?: boolean;
}

/** One MatMul with bias as a graph, and its input `a`. */
export function matmulGraph({ rows, inner, columns, perColumn, halfwords }: MatmulSpec, random: Random) {
  const tensors = operands(rows, inner, columns, random, 127);
  const graph = graphOf(tensors, random, perColumn);
  return halfwords ? ofHalfwords(graph, rows * inner, random) : { graph, inputs: new Map([['a', tensors.a]]) };
}

function ofHalfwords(graph: Graph, length: number, random: Random) {
  const [a, y] = [graph.values.get('a')!, graph.values.get('y')!];
  const data = Int16Array.from({ length }, () => random.integer(-32768, 32767));
  const values = new Map(graph.values)
    .set('a', { ...a, dtype: 'int16' })
    .set('y', { ...y, dtype: 'int16', quantization: { ...y.quantization!, zeroPoint: [0] } });
  const inputs = new Map<string, Tensor>([['a', { dtype: 'int16', shape: a.shape, data }]]);
  return { graph: { ...graph, values }, inputs };
}

/**
 * One MatMul [rows][inner] x [inner][columns] with bias; undefined where the option refuses it.
 * @param weightLimit largest magnitude of a weight
 */
export function matmulCase(
  option: KernelOption,
  rows: number,
  inner: number,
  columns: number,
  random: Random,
  weightLimit = 128,
  optimize: LowerContext['optimize'] = 'balanced',
  { zero, outliers }: WeightZero = { zero: 0, outliers: 0 },
): NativeCase | undefined {
  const tensors = operands(rows, inner, columns, random, weightLimit, outliers);
  const graph = graphOf(tensors, random, true, zero);
  const node = graph.nodes[0]!;
  const view = viewNode(graph, node, operatorOf(node));
  const features: ReadonlySet<Feature> = new Set(option.needs ?? []);
  const context = { ...view, features, diagnostics: new Diagnostics(), optimize };
  if (option.when!(context) !== true) return undefined;
  const built = option.build(context);
  if (!('call' in built)) throw new Error('views for a matrix product');
  const [y] = operatorOf(node).evaluate!(view, [tensors.a, tensors.b, tensors.bias]);
  return { case: { call: built.call, graph, inputs: new Map([['a', tensors.a]]) }, expected: y!.data as Int8Array };
}
