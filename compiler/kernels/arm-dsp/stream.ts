/**
 * Weights of the SMLAD kernels (docs/KERNELS.md). Balanced: one byte a weight, two channels in a halfword. A halfword holds
 * 256 * w1 + w0; SMLAD on it sums 256 * S1 + S0, SMLAD on its SXTB16 sums S0, one SUB parts them. Right while 256 * S1 fits 32 bits
 * and no halfword overflows, which `whyNotPacked` proves from the weights. For speed: a halfword a weight, which nothing limits.
 *
 * Everything a group of channels needs is one stream in the order of use (nanoc/dsp.h and nanoc/dsp16.h have the layouts).
 */
import type { FixedPoint } from '../../numerics/requantization-solver.js';
import type { ChannelSums } from '../requantization-plan.js';
import { commonShift, fixedPointFor } from '../requantization-plan.js';

/** Two channels in a halfword, or a halfword for each weight. */
export type Packing = 'bytes' | 'halfwords';

export interface StreamLayer {
  /** [channels][inner]; int8 where they are packed as bytes, else w - z in nine bits */
  readonly weights: Int8Array | Int16Array;
  readonly inner: number;
  /** The last of `inner` that are no inputs: together they carry the sum of the inputs, for weights with a zero point. */
  readonly sumLanes: number;
  /** Zero points of channels whose `weights` have one: absent where none has. */
  readonly weightZeros?: Int32Array;
  readonly channels: readonly ChannelSums[];
  /** No channel has a bias: that of `channels` is the input's zero point alone. */
  readonly unbiased?: boolean;
  readonly zeroPoint: number;
  readonly low: number;
  readonly high: number;
}

/** A run of channel pairs that share one requantization. */
export interface Segment {
  readonly kind: 'fixed' | 'exact';
  readonly firstChannel: number;
  readonly firstWord: number;
  readonly endWord: number;
}

export interface Stream {
  readonly packing: Packing;
  readonly words: Uint32Array;
  readonly segments: readonly Segment[];
  /** Shift of the fixed segments. */
  readonly shift: number;
  /** Channels by requantization, for the report. */
  readonly fixedChannels: number;
  readonly exactChannels: number;
}

/** Inputs are taken four at a time; the last group is filled with zero weights. */
export function paddedInner(inner: number): number {
  return Math.ceil(inner / 4) * 4;
}

/** First channel of each group of `width`; the last group of an uneven number overlaps the one before it. */
export function groupStarts(channels: number, width: 2 | 4): number[] {
  const starts = Array.from({ length: Math.floor(channels / width) }, (_, i) => width * i);
  if (channels % width !== 0) starts.push(channels - width);
  return starts;
}

/** Why the layer cannot be packed, or undefined. */
export function whyNotPacked(layer: StreamLayer, width: 2 | 4, packing: Packing): string | undefined {
  const { weights, inner, channels } = layer;
  if (channels.length < width) return `fewer than ${width} output channels`;
  if (channels.length > 4000) return 'more than 4,000 output channels';
  if (packing === 'halfwords') return undefined;
  for (const first of groupStarts(channels.length, width).flatMap((start) =>
    width === 2 ? [start] : [start, start + 2],
  )) {
    const { least, greatest } = channels[first + 1]!.reach;
    if (least < -(2 ** 23) + 2 ** 16 || greatest > 2 ** 23 - 2 ** 16) return 'a sum can leave 24 bits';
    for (let k = 0; k < inner; k += 1) {
      const halfword = 256 * weights[(first + 1) * inner + k]! + weights[first * inner + k]!;
      if (halfword < -32768) return 'a pair of weights does not fit a halfword (-128 next to a negative weight)';
    }
  }
  return undefined;
}

/** All channels, as the kernels take them that have one tail: */
export type Only =
  /** are requantized in float */
  | 'exact'
  /** so, too, and have no starts in the stream: the kernel takes the zero point from the inputs */
  | 'exact without starts';

/**
 * Packs a layer that `whyNotPacked` has let through.
 * @param width channels that are computed together: 2 for two pixels at a time, 4 for one
 */
export function packStream(layer: StreamLayer, width: 2 | 4, packing: Packing, only?: Only): Stream {
  const shift = only === undefined ? commonShift(layer.channels) : undefined;
  const words: number[] = [];
  const segments: Segment[] = [];
  const fixed = new Set<number>();
  for (const first of groupStarts(layer.channels.length, width)) {
    const firstWord = words.length;
    const kind = packGroup(layer, first, width, packing, shift, only !== 'exact without starts', words);
    if (kind === 'fixed') for (let c = 0; c < width; c += 1) fixed.add(first + c);
    const last = segments.at(-1);
    const perGroup = words.length - firstWord;
    const joins =
      last?.kind === kind && last.firstChannel + (width * (firstWord - last.firstWord)) / perGroup === first;
    if (joins) segments[segments.length - 1] = { ...last, endWord: words.length };
    else segments.push({ kind, firstChannel: first, firstWord, endWord: words.length });
  }
  return {
    packing,
    words: Uint32Array.from(words, (word) => word >>> 0),
    segments,
    shift: shift ?? 1,
    fixedChannels: fixed.size,
    exactChannels: layer.channels.length - fixed.size,
  };
}

/** Starts, weights and requantization of the pairs (first, first + 1) and, for four channels, (first + 2, first + 3). */
function packGroup(
  layer: StreamLayer,
  first: number,
  width: 2 | 4,
  packing: Packing,
  shift: number | undefined,
  withStarts: boolean,
  words: number[],
): Segment['kind'] {
  const { zeroPoint, low, high } = layer;
  const channels = layer.channels.slice(first, first + width);
  // The accumulator of the second channel of a pair of bytes holds 2^8 times the sum.
  const accumulatorShift = (c: number) => (packing === 'bytes' && c % 2 === 1 ? 8 : 0);
  const solved = channels.map((channel, c) =>
    shift === undefined ? undefined : fixedPointFor(channel, shift, accumulatorShift(c), zeroPoint, low, high),
  );
  const constants = solved.every((constant) => constant !== undefined) ? (solved as FixedPoint[]) : undefined;
  const starts = channels.map(({ bias }, c) => 2 ** accumulatorShift(c) * bias + (constants?.[c]?.tweak ?? 0));
  for (let c = 0; withStarts && c < width; c += 2) {
    words.push(starts[c]!, packing === 'bytes' ? starts[c + 1]! + starts[c]! : starts[c + 1]!);
  }
  if (packing === 'bytes') packBytes(layer, first, width, words);
  else packHalfwords(layer, first, width, words);
  if (constants === undefined) {
    words.push(...floatBits(channels.map(({ scale }, c) => scale / 2 ** accumulatorShift(c))));
    return 'exact';
  }
  words.push(...constants.map(({ multiplier }) => multiplier), ...constants.map(({ addend }) => addend));
  return 'fixed';
}

/** Two words of each pair for four inputs; for four channels eight inputs of one pair come before those of the other. */
function packBytes({ weights, inner }: StreamLayer, first: number, width: 2 | 4, words: number[]): void {
  const halfword = (channel: number, k: number) =>
    k < inner ? 256 * weights[(channel + 1) * inner + k]! + weights[channel * inner + k]! : 0;
  const word = (channel: number, k: number) => (halfword(channel, k) & 0xffff) | (halfword(channel, k + 2) << 16);
  const end = paddedInner(inner);
  const block = width === 2 ? 4 : 8;
  for (let start = 0; start < end; start += block) {
    for (let channel = first; channel < first + width; channel += 2) {
      for (let k = start; k < Math.min(start + block, end); k += 4) words.push(word(channel, k), word(channel, k + 1));
    }
  }
}

/** Two words of each channel for four inputs, four for eight where there are four channels. */
function packHalfwords({ weights, inner }: StreamLayer, first: number, width: 2 | 4, words: number[]): void {
  const halfword = (channel: number, k: number) => (k < inner ? weights[channel * inner + k]! : 0);
  const word = (channel: number, k: number) => (halfword(channel, k) & 0xffff) | (halfword(channel, k + 2) << 16);
  const end = paddedInner(inner);
  const block = width === 2 ? 4 : 8;
  for (let start = 0; start < end; start += block) {
    for (let channel = first; channel < first + width; channel += 1) {
      for (let k = start; k < Math.min(start + block, end); k += 4) words.push(word(channel, k), word(channel, k + 1));
    }
  }
}

function floatBits(values: readonly number[]): Uint32Array {
  return new Uint32Array(Float32Array.from(values).buffer);
}
