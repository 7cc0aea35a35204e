/** One CachedAttention on bytes, lowered by one of its kernels, with what the reference evaluator says. */
import { Diagnostics } from '../../compiler/diagnostics/diagnostic.js';
import type { Graph, Node, Value } from '../../compiler/ir/graph.js';
import type { Feature } from '../../compiler/ir/target.js';
import type { Tensor } from '../../compiler/ir/tensor.js';
import { operatorOf } from '../../compiler/ops/index.js';
import { viewNode } from '../../compiler/ops/node-view.js';
import type { NativeCase } from './native-conv.js';
import type { Random } from './random.js';

export interface AttentionSpec {
  readonly heads: number;
  readonly group: number;
  readonly dim: number;
  readonly context: number;
  readonly position: number;
  /** All bytes are -128 or 127, and zero points too. */
  readonly extreme?: boolean;
  /** float32 of it is the scale of weights; by default near 1 / 255. */
  readonly weightScale?: number;
  readonly scoreScale?: number;
  /** The position is int32, not int64. */
  readonly position32?: boolean;
}

export function randomAttention(random: Random, dims: readonly number[]): AttentionSpec {
  const context = random.integer(8, 41);
  return {
    heads: random.integer(1, 5),
    group: random.integer(1, 4),
    dim: random.pick(dims),
    context,
    position: random.chance(0.1) ? random.pick([-1, -7, context, context + 9]) : random.integer(0, context - 1),
    extreme: random.chance(0.25),
    position32: random.chance(0.3),
    weightScale: random.chance(0.3) ? random.pick([1 / 256, 1 / 127, 1 / 1000, 0.03]) : (0.9 + random.next() / 4) / 255,
  };
}

/** Undefined where the kernel whose name starts so refuses. */
export function attentionCase(
  spec: AttentionSpec,
  random: Random,
  kernel: string,
  features: readonly Feature[],
): NativeCase | undefined {
  const { heads, group, dim, context, position } = spec;
  const byte = () => (spec.extreme ? random.pick([-128, 127]) : random.integer(-128, 127));
  const bytes = (shape: readonly number[]): Tensor => ({
    ...{ dtype: 'int8', shape },
    data: Int8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, byte),
  });
  const at: Tensor = spec.position32
    ? { dtype: 'int32', shape: [1], data: Int32Array.of(position) }
    : { dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(position)) };
  const inputs = new Map([
    ['q', bytes([heads, group, dim])],
    ['keys', bytes([context, heads * dim])],
    ['values', bytes([context, heads * dim])],
    ['position', at],
  ]);
  const graph = graphOf(spec, inputs, random, byte);
  const node = graph.nodes[0]!;
  const operator = operatorOf(node);
  const view = viewNode(graph, node, operator);
  const option = operator.kernels!.find(({ function: name }) => name.startsWith(kernel))!;
  const lowering = { ...view, features: new Set(features), diagnostics: new Diagnostics() };
  if ((option.when?.(lowering) ?? true) !== true) return undefined;
  const built = option.build(lowering);
  if (!('call' in built)) throw new Error('invariant: attention is a call');
  const [y] = operator.evaluate!(view, [...inputs.values()]);
  return { case: { call: built.call, graph, inputs }, expected: y!.data as Int8Array };
}

function graphOf(spec: AttentionSpec, inputs: ReadonlyMap<string, Tensor>, random: Random, byte: () => number): Graph {
  const scale = () => Math.fround(0.02 * (0.5 + random.next()));
  const quantized = (): Pick<Value, 'quantization'> => ({ quantization: { scale: [scale()], zeroPoint: [byte()] } });
  // From nearly equal weights to a single one.
  const logit = random.pick([0.01, 0.05, 0.3]);
  const node: Node = {
    ...{ name: 'attention', op: 'CachedAttention', domain: 'ai.nanoc', inputs: [...inputs.keys()], outputs: ['y'] },
    attributes: {
      ...{
        score_scale: Math.fround(spec.scoreScale ?? 0.02 * Math.sqrt(spec.dim) * (0.5 + random.next())),
        score_zero_point: random.integer(-100, 100),
      },
      ...{
        logit_scale: logit,
        weight_scale: Math.fround(spec.weightScale ?? 1 / 255),
        weight_zero_point: random.pick([-128, -128, -100, 0]),
      },
    },
  };
  const values: Value[] = [...inputs].map(([name, { dtype, shape }]) => ({
    ...{ name, dtype, shape },
    ...(name === 'position' ? {} : quantized()),
  }));
  values.push({ name: 'y', dtype: 'int8', shape: inputs.get('q')!.shape, ...quantized() });
  return {
    ...{ name: 'attention', inputs: node.inputs as string[], outputs: ['y'], nodes: [node], states: [] },
    opsets: new Map([['ai.nanoc', 1]]),
    values: new Map(values.map((value) => [value.name, value])),
  };
}
