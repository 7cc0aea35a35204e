/** Weights of the Winograd kernel: U = (2G) w (2G)' of each pair of channels, with its starts and requantization (nanoc/dsp_winograd.h). */
import type { FixedPoint } from '../../numerics/requantization-solver.js';
import { commonShift, fixedPointFor } from '../requantization-plan.js';
import { groupStarts, type Segment, type Stream, type StreamLayer } from './stream.js';

/** The accumulators hold 2^2 times the sum, since both sides of the transform of the weights are doubled. */
const ACCUMULATOR_SHIFT = 2;

/** 2G: rows of three taps. */
const TRANSFORM = [
  [2, 0, 0],
  [1, 1, 1],
  [1, -1, 1],
  [0, 0, 2],
] as const;

/** @param layer weights [channels][3][3][inputs]; the number of inputs is a multiple of four */
export function packWinograd(layer: StreamLayer): Stream {
  const shift = commonShift(layer.channels);
  const words: number[] = [];
  const segments: Segment[] = [];
  const fixed = new Set<number>();
  for (const first of groupStarts(layer.channels.length, 2)) {
    const firstWord = words.length;
    const kind = packPair(layer, first, shift, words);
    if (kind === 'fixed') fixed.add(first).add(first + 1);
    const last = segments.at(-1);
    const joins = last?.kind === kind && first % 2 === 0;
    if (joins) segments[segments.length - 1] = { ...last, endWord: words.length };
    else segments.push({ kind, firstChannel: first, firstWord, endWord: words.length });
  }
  return {
    packing: 'halfwords',
    words: Uint32Array.from(words, (word) => word >>> 0),
    segments,
    shift: shift ?? 1,
    fixedChannels: fixed.size,
    exactChannels: layer.channels.length - fixed.size,
  };
}

function packPair(layer: StreamLayer, first: number, shift: number | undefined, words: number[]): Segment['kind'] {
  const { zeroPoint, low, high, inner } = layer;
  const channels = layer.channels.slice(first, first + 2);
  const solved = channels.map((channel) =>
    shift === undefined ? undefined : fixedPointFor(channel, shift, ACCUMULATOR_SHIFT, zeroPoint, low, high),
  );
  const constants = solved.every((constant) => constant !== undefined) ? (solved as FixedPoint[]) : undefined;
  const transformed = [first, first + 1].map((channel) =>
    transform(layer.weights.subarray(channel * inner, (channel + 1) * inner)),
  );
  for (let position = 0; position < 16; position += 1) {
    for (let k = 0; k < inner / 9; k += 4) {
      for (const u of transformed) {
        const row = u[position]!;
        words.push(halfwords(row[k]!, row[k + 2]!), halfwords(row[k + 1]!, row[k + 3]!));
      }
    }
  }
  words.push(...channels.map(({ bias }, c) => 2 ** ACCUMULATOR_SHIFT * bias + (constants?.[c]?.tweak ?? 0)));
  if (constants === undefined) {
    const scales = Float32Array.from(channels, ({ scale }) => scale / 2 ** ACCUMULATOR_SHIFT);
    words.push(...new Uint32Array(scales.buffer));
    return 'exact';
  }
  words.push(...constants.map(({ multiplier }) => multiplier), ...constants.map(({ addend }) => addend));
  return 'fixed';
}

function halfwords(low: number, high: number): number {
  return (low & 0xffff) | (high << 16);
}

/** [3][3][inputs] to [16 positions][inputs]; at most 9 * 128 in magnitude. */
function transform(weights: Int8Array | Int16Array): Int16Array[] {
  const inputs = weights.length / 9;
  return Array.from({ length: 16 }, (_, position) => {
    const [vertical, horizontal] = [TRANSFORM[Math.floor(position / 4)]!, TRANSFORM[position % 4]!];
    return Int16Array.from({ length: inputs }, (__, k) => {
      let sum = 0;
      vertical.forEach((a, row) => {
        horizontal.forEach((b, column) => {
          sum += a * b * weights[(3 * row + column) * inputs + k]!;
        });
      });
      return sum;
    });
  });
}
