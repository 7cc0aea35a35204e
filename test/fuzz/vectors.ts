/** Inputs for a random model: uniform, extremes and zeros mixed, and small values whose sums land on ties. */
import type { Graph } from '../../compiler/ir/graph.js';
import { valueOf } from '../../compiler/ir/graph.js';
import { allocate, elementCount, integerRange, type Tensor } from '../../compiler/ir/tensor.js';
import { Random } from '../support/random.js';

export type Vector = ReadonlyMap<string, Tensor>;

const KINDS = ['uniform', 'extremes', 'small'] as const;

/** Three vectors, by input name; the same for the same seed. */
export function vectorsFor(graph: Graph, seed: number): Vector[] {
  const random = new Random(seed ^ 0x5eed);
  return KINDS.map((kind) => {
    const tensors = graph.inputs.map((name): [string, Tensor] => {
      const { dtype, shape, quantization } = valueOf(graph, name);
      const data = allocate(dtype, elementCount(shape));
      const zero = quantization?.zeroPoint[0] ?? 0;
      for (let i = 0; i < data.length; i += 1) data[i] = element(random, kind, dtype, zero) as never;
      return [name, { dtype, shape, data }];
    });
    return new Map(tensors);
  });
}

function element(random: Random, kind: (typeof KINDS)[number], dtype: Tensor['dtype'], zero: number): number | bigint {
  if (dtype === 'int64') return BigInt(random.integer(0, 3));
  if (dtype === 'float32') {
    if (kind === 'uniform') return Math.fround(random.next() * 12 - 6);
    return kind === 'small' ? random.integer(-4, 4) / 8 : random.pick([-20, 0, 20]);
  }
  const [low, high] = dtype === 'bool' ? [0, 1] : integerRange(dtype as 'int8');
  if (kind === 'uniform') return random.integer(low, high);
  if (kind === 'extremes') return random.pick([low, high, zero]);
  return Math.min(high, Math.max(low, zero + random.integer(-3, 3)));
}
