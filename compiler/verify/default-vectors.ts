/**
 * Vectors for a model of which nothing is known but its graph: seeded random, and what kernels get wrong first: all-minimum and
 * all-maximum, small values whose sums land on rounding ties, marked edges, alternating extremes.
 */
import { consumers, type Graph, type Value, valueOf } from '../ir/graph.js';
import { allocate, elementCount, integerRange, type Tensor } from '../ir/tensor.js';
import type { VectorSet } from './vector-set.js';

/** Gives element `index` of `count`, in units of the quantized (or integer) input. */
type Fill = (range: Range, index: number, coordinates: readonly number[], shape: readonly number[]) => number;

/** Lowest and highest element, the one that stands for zero, and the real size of a unit for float inputs. */
interface Range {
  readonly low: number;
  readonly high: number;
  readonly zero: number;
  readonly unit: number;
}

export interface DefaultVectorOptions {
  readonly seed?: number;
  /** Vectors in all; the special ones come first, at most half of them when there are few. */
  readonly count?: number;
}

const isEdge = (coordinates: readonly number[], shape: readonly number[]): boolean =>
  coordinates.some((at, axis) => shape[axis]! > 1 && (at === 0 || at === shape[axis]! - 1));

/** Deterministic for a graph, seed and count. */
export function defaultVectors(graph: Graph, options: DefaultVectorOptions = {}): VectorSet {
  const { seed = 1, count = 16 } = options;
  const next = mulberry32(seed);
  const random: Fill = ({ low, high, unit }) =>
    unit === 1 ? low + Math.floor(next() * (high - low + 1)) : low + next() * (high - low);
  const special: readonly (readonly [string, Fill])[] = [
    ['all minimum', ({ low }) => low],
    ['all maximum', ({ high }) => high],
    // Halves of a unit for float inputs, the smallest odd steps for integers.
    [
      'rounding ties',
      ({ low, high, zero, unit }) => {
        const value = zero + Math.floor(next() * 5) - 2 + (unit === 1 ? 0 : 0.5);
        return Math.min(high, Math.max(low, value));
      },
    ],
    ['edges marked', ({ low, high, zero }, _, at, shape) => (isEdge(at, shape) ? (next() < 0.5 ? high : low) : zero)],
    ['alternating extremes', ({ low, high }, index) => (index % 2 === 0 ? low : high)],
    ['all zero', ({ zero }) => zero],
  ];
  const chosen = special.slice(0, Math.min(special.length, Math.max(count - 1, Math.ceil(count / 2))));
  const fills: (readonly [string, Fill])[] = [
    ...chosen,
    ...Array.from({ length: count - chosen.length }, (_, i) => [`random ${i + 1} of seed ${seed}`, random] as const),
  ];
  const inputs = inputsOf(graph);
  return {
    vectors: fills.map(
      ([, fill]) => new Map(inputs.map(({ value, range }) => [value.name, fillTensor(value, range, fill)])),
    ),
    labels: fills.map(([label]) => label),
  };
}

function inputsOf(graph: Graph): { value: Value; range: Range }[] {
  const states = new Set(graph.states.map((state) => state.input));
  const readers = consumers(graph);
  return graph.inputs
    .filter((name) => !states.has(name))
    .map((name) => {
      const value = valueOf(graph, name);
      return { value, range: rangeOf(graph, value, readers) };
    });
}

function rangeOf(graph: Graph, value: Value, readers: ReturnType<typeof consumers>): Range {
  switch (value.dtype) {
    case 'int8':
    case 'uint8':
    case 'int16':
    case 'uint16': {
      const [low, high] = integerRange(value.dtype);
      return { low, high, zero: value.quantization?.zeroPoint[0] ?? Math.max(low, 0), unit: 1 };
    }
    case 'bool':
      return { low: 0, high: 1, zero: 0, unit: 1 };
    case 'float32':
    case 'float64':
      return floatRange(graph, value, readers);
    default:
      return { low: 0, high: largestIndex(graph, value, readers), zero: 0, unit: 1 };
  }
}

/** What the QuantizeLinear behind a float input can represent, and a little more: it must saturate. */
function floatRange(graph: Graph, value: Value, readers: ReturnType<typeof consumers>): Range {
  const quantize = (readers.get(value.name) ?? []).find((node) => node.op === 'QuantizeLinear');
  const quantized = quantize === undefined ? undefined : graph.values.get(quantize.outputs[0]!);
  const parameters = quantized?.quantization;
  if (
    quantized === undefined ||
    parameters === undefined ||
    !['int8', 'uint8', 'int16', 'uint16'].includes(quantized.dtype)
  ) {
    return { low: -256, high: 256, zero: 0, unit: 1 / 64 };
  }
  const [low, high] = integerRange(quantized.dtype as 'int8');
  const zero = parameters.zeroPoint[0]!;
  return { low: low - zero - 8, high: high - zero + 8, zero: 0, unit: parameters.scale[0]! };
}

/** Wide integers are indices as a rule: the last one that Gather allows. */
function largestIndex(graph: Graph, value: Value, readers: ReturnType<typeof consumers>): number {
  const sizes = (readers.get(value.name) ?? []).flatMap((node) => {
    if (node.op !== 'Gather' || node.inputs[1] !== value.name) return [];
    const { shape } = valueOf(graph, node.inputs[0]!);
    const axis = Number(node.attributes.axis ?? 0);
    return [shape[axis < 0 ? axis + shape.length : axis]!];
  });
  return sizes.length === 0 ? 1 : Math.min(...sizes) - 1;
}

function fillTensor(value: Value, range: Range, fill: Fill): Tensor {
  const count = elementCount(value.shape);
  const data = allocate(value.dtype, count);
  const coordinates = value.shape.map(() => 0);
  for (let index = 0; index < count; index += 1) {
    const number = fill(range, index, coordinates, value.shape) * range.unit;
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[index] = BigInt(number);
    else data[index] = number;
    for (let axis = coordinates.length - 1; axis >= 0; axis -= 1) {
      coordinates[axis]! += 1;
      if (coordinates[axis]! < value.shape[axis]!) break;
      coordinates[axis] = 0;
    }
  }
  return { dtype: value.dtype, shape: value.shape, data };
}

/** Uniform in [0, 1); mulberry32 (Tommy Ettinger, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
