/**
 * Weights of the balanced SMLAD kernels (docs/KERNELS.md): one byte a weight, two channels in a halfword. A halfword holds
 * 256 * w1 + w0; SMLAD on it sums 256 * S1 + S0, SMLAD on its SXTB16 sums S0, one SUB parts them. Right while 256 * S1 fits 32 bits
 * and no halfword overflows, which `packStream` proves from the weights.
 *
 * Everything a pair of channels needs is one stream in the order of use, in 32-bit words:
 *   S0 start, 256 * S1 + S0 start, then for each four inputs k..k+3 the words (k, k+2) and (k+1, k+3), then the constants of the
 *   requantization: fixed-point m0, m1, c0, c1; exact scale0, scale1 / 256 (float32 bits).
 */
import type { ChannelSums } from '../requantization-plan.js';
import { commonShift, fixedPointFor } from '../requantization-plan.js';

export interface StreamLayer {
  /** [channels][inner], int8 */
  readonly weights: Int8Array;
  readonly inner: number;
  readonly channels: readonly ChannelSums[];
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

/** First channel of each pair; the last pair of an odd number overlaps the one before it. */
export function pairStarts(channels: number): number[] {
  const starts = Array.from({ length: Math.floor(channels / 2) }, (_, i) => 2 * i);
  if (channels % 2 === 1 && channels > 1) starts.push(channels - 2);
  return starts;
}

/** Why the layer cannot be packed, or undefined. */
export function whyNotPacked(layer: StreamLayer): string | undefined {
  const { weights, inner, channels } = layer;
  if (channels.length < 2) return 'a single output channel';
  if (channels.length > 4000) return 'more than 4,000 output channels';
  for (const first of pairStarts(channels.length)) {
    const { least, greatest } = channels[first + 1]!.reach;
    if (least < -(2 ** 23) + 2 ** 16 || greatest > 2 ** 23 - 2 ** 16) return 'a sum can leave 24 bits';
    for (let k = 0; k < inner; k += 1) {
      const halfword = 256 * weights[(first + 1) * inner + k]! + weights[first * inner + k]!;
      if (halfword < -32768) return 'a pair of weights does not fit a halfword (-128 next to a negative weight)';
    }
  }
  return undefined;
}

/** Packs a layer that `whyNotPacked` has let through. */
export function packStream(layer: StreamLayer): Stream {
  const shift = commonShift(layer.channels);
  const words: number[] = [];
  const segments: Segment[] = [];
  let fixedChannels = 0;
  const starts = pairStarts(layer.channels.length);
  for (const [index, first] of starts.entries()) {
    const firstWord = words.length;
    const kind = packPair(layer, first, shift, words);
    const fresh = layer.channels.length % 2 === 1 && index === starts.length - 1 ? 1 : 2;
    if (kind === 'fixed') fixedChannels += fresh;
    const last = segments.at(-1);
    const joins =
      last?.kind === kind &&
      last.firstChannel + (2 * (firstWord - last.firstWord)) / (words.length - firstWord) === first;
    if (joins) segments[segments.length - 1] = { ...last, endWord: words.length };
    else segments.push({ kind, firstChannel: first, firstWord, endWord: words.length });
  }
  return {
    words: Uint32Array.from(words, (word) => word >>> 0),
    segments,
    shift: shift ?? 1,
    fixedChannels,
    exactChannels: layer.channels.length - fixedChannels,
  };
}

function packPair(layer: StreamLayer, first: number, shift: number | undefined, words: number[]): Segment['kind'] {
  const { zeroPoint, low, high } = layer;
  const [a, b] = [layer.channels[first]!, layer.channels[first + 1]!];
  const fixed =
    shift === undefined
      ? []
      : [fixedPointFor(a, shift, 0, zeroPoint, low, high), fixedPointFor(b, shift, 8, zeroPoint, low, high)];
  const [fixedA, fixedB] = fixed;
  const isFixed = fixedA !== undefined && fixedB !== undefined;
  const startA = a.bias + (isFixed ? fixedA.tweak : 0);
  words.push(startA, 256 * b.bias + (isFixed ? fixedB.tweak : 0) + startA);
  packWeights(layer, first, words);
  if (isFixed) words.push(fixedA.multiplier, fixedB.multiplier, fixedA.addend, fixedB.addend);
  else words.push(...floatBits([a.scale, b.scale / 256]));
  return isFixed ? 'fixed' : 'exact';
}

function packWeights({ weights, inner }: StreamLayer, first: number, words: number[]): void {
  const halfword = (k: number) =>
    k < inner ? 256 * weights[(first + 1) * inner + k]! + weights[first * inner + k]! : 0;
  const word = (low: number, high: number) => (low & 0xffff) | (high << 16);
  for (let k = 0; k < inner; k += 4) {
    words.push(word(halfword(k), halfword(k + 2)), word(halfword(k + 1), halfword(k + 3)));
  }
}

function floatBits(values: readonly number[]): Uint32Array {
  return new Uint32Array(Float32Array.from(values).buffer);
}
