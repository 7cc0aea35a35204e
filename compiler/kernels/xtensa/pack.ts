/** Weights for `nanoc_conv_lx_s8` (docs/KERNELS-XTENSA.md): a halfword of two channels, 256 * w1 + (w0 + 128). */
import type { StreamLayer } from '../arm-dsp/stream.js';
import { whyNotLarge } from './layer.js';

export interface LxWeights {
  /** For each pair of channels 2 * quads words, and one more at the end. */
  readonly words: Uint32Array;
  /** For each pair of channels two starts of sums. */
  readonly starts: Int32Array;
  /** For each pair of channels how often the inputs' sum is taken off the first, and off both in one word; absent without zero points. */
  readonly factors?: Int32Array;
  readonly quads: number;
}

/** Sums of the second channel of a pair come out of 32 bits of 256 times themselves. */
const LARGEST_SUM = 2 ** 23;

/** Why the layer cannot be packed, or undefined. */
export function whyNotLx(layer: StreamLayer): string | undefined {
  const fits = layer.channels.every(
    ({ reach }, c) => c % 2 === 0 || (reach.least >= -LARGEST_SUM && reach.greatest < LARGEST_SUM),
  );
  return fits ? whyNotLarge(layer) : 'a sum could have more than 24 bits';
}

/**
 * Inputs are widened as x + 128, so sums start from bias - 128 * sum(w). That w0 is stored 128 higher is taken out again by what the kernel
 * subtracts for each pixel, 128 * sum(x + 128); with a zero point z0 that is (128 + z0) times the sum.
 */
export function packLx({ weights, inner, channels, weightZeros }: StreamLayer): LxWeights {
  const quads = Math.ceil(inner / 4);
  const pairs = Math.ceil(channels.length / 2);
  const words = new Uint32Array(pairs * 2 * quads + 1);
  const starts = new Int32Array(2 * pairs);
  const weightAt = (channel: number, k: number) =>
    channel < channels.length && k < inner ? weights[channel * inner + k]! : 0;
  const zeroOf = (channel: number) => weightZeros?.[channel] ?? 0;
  const halfword = (first: number, k: number) => (256 * weightAt(first + 1, k) + weightAt(first, k) + 128) & 0xffff;
  for (let pair = 0; pair < pairs; pair += 1) {
    const first = 2 * pair;
    for (let quad = 0; quad < quads; quad += 1) {
      const [k, to] = [4 * quad, 2 * (pair * quads + quad)];
      words[to] = halfword(first, k) + halfword(first, k + 2) * 65536;
      words[to + 1] = halfword(first, k + 1) + halfword(first, k + 3) * 65536;
    }
    const [start0, start1] = [first, first + 1].map((channel) => {
      const sum = Array.from({ length: inner }, (_, k) => weightAt(channel, k)).reduce((a, b) => a + b, 0);
      return ((channels[channel]?.bias ?? 0) - 128 * (sum - inner * zeroOf(channel))) | 0;
    }) as [number, number];
    starts[first] = start0;
    starts[first + 1] = (start0 + Math.imul(256, start1)) | 0;
  }
  if (weightZeros === undefined) return { words, starts, quads };
  const factors = Int32Array.from({ length: 2 * pairs }, (_, c) =>
    c % 2 === 0 ? 128 + zeroOf(c) : 128 + zeroOf(c - 1) + 256 * zeroOf(c),
  );
  return { words, starts, factors, quads };
}
