/** Outputs of an inference as people read them. */
import type { Quantization } from '../ir/graph.js';
import { elementCount, type Tensor } from '../ir/tensor.js';

/** Elements that are printed of a long tensor. */
const SHOWN = 16;
const TOP = 5;
/** Longer vectors are feature maps rather than scores of classes. */
const MOST_CLASSES = 10_000;

export interface Score {
  readonly index: number;
  readonly value: number;
}

/** Real numbers that the elements stand for; undefined where they are plain integers. */
export function realValues(tensor: Tensor, quantization: Quantization | undefined): number[] | undefined {
  const numbers = Array.from(tensor.data as Float32Array, Number);
  if (tensor.dtype === 'float32' || tensor.dtype === 'float64') return numbers;
  const { scale, zeroPoint } = quantization ?? { scale: [], zeroPoint: [] };
  if (scale.length !== 1) return undefined;
  return numbers.map((q) => Math.fround((q - zeroPoint[0]!) * scale[0]!));
}

/** The best classes of three or more, when a tensor looks like scores of classes. */
export function topScores(tensor: Tensor, real: readonly number[] | undefined): Score[] | undefined {
  return elementCount(tensor.shape) < 3 ? undefined : scoresOf(tensor, real);
}

/** The best classes, when a tensor looks like scores of classes: one dimension above 1, and real numbers. */
export function scoresOf(tensor: Tensor, real: readonly number[] | undefined): Score[] | undefined {
  const count = elementCount(tensor.shape);
  const flat = tensor.shape.filter((n) => n > 1).length === 1;
  if (real === undefined || !flat || count > MOST_CLASSES) return undefined;
  if (!real.every(Number.isFinite)) return undefined;
  const scores = real.map((value, index) => ({ index, value }));
  // Equal scores in the order of their indices: what ArgMax takes.
  return scores.sort((a, b) => b.value - a.value || a.index - b.index).slice(0, TOP);
}

/** Lines for one output: type, elements as stored, real numbers, best classes. */
export function describeOutput(name: string, tensor: Tensor, quantization: Quantization | undefined): string[] {
  const real = realValues(tensor, quantization);
  const integers = tensor.dtype !== 'float32' && tensor.dtype !== 'float64';
  const top = topScores(tensor, real);
  return [
    `${name}  ${tensor.dtype}[${tensor.shape}]`,
    ...(integers ? [`  stored  ${listed(Array.from(tensor.data as Int32Array, String))}`] : []),
    ...(real === undefined ? [] : [`  real    ${listed(real.map(short))}`]),
    ...(top === undefined
      ? []
      : [`  best    ${top.map(({ index, value }) => `[${index}] ${short(value)}`).join('  ')}`]),
  ];
}

function listed(texts: readonly string[]): string {
  const more = texts.length > SHOWN ? ` ... (${texts.length} in all)` : '';
  return `${texts.slice(0, SHOWN).join(' ')}${more}`;
}

function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value);
}
