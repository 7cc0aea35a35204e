/**
 * The constants of a front end, as microfrontend computes them: in float32 where it uses float, step by step.
 * Sources: window_util.c, filterbank_util.c, pcan_gain_control_util.c, log_lut.c, and kiss_fft.c, kiss_fftr.c of KISS FFT.
 */
import type { FrontEnd } from './front-end.js';

const f = Math.fround;
export const WINDOW_BITS = 12;
export const WEIGHT_BITS = 12;
const PCAN_BITS = 32;
const LOG_SEGMENTS = 128;

/** A Hann window, `size` coefficients of 12 bits. */
export function windowTable(size: number): Int16Array {
  const step = f(f(f(Math.PI) * 2) / f(size));
  return Int16Array.from({ length: size }, (_, i) => {
    const value = f(0.5 - f(0.5 * f(Math.cos(f(step * f(i + 0.5))))));
    return Math.floor(f(f(value * 4096) + 0.5));
  });
}

/** cos and sin of angles, interleaved, times 32767. */
function turns(count: number, angle: (i: number) => number): Int16Array {
  const value = (x: number) => Math.floor(0.5 + 32767 * x);
  return Int16Array.from({ length: 2 * count }, (_, i) => value((i % 2 === 0 ? Math.cos : Math.sin)(angle(i >> 1))));
}

/** Of a complex transform of `count` points: the first three quarters of a turn are used. */
export function twiddleTable(count: number): Int16Array {
  return turns((3 * count) / 4, (i) => (-2 * Math.PI * i) / count);
}

/** What makes the transform of 2 * `count` real samples of that of `count` complex ones. */
export function realTwiddleTable(count: number): Int16Array {
  return turns(count / 2, (i) => -Math.PI * ((i + 1) / count + 0.5));
}

/** Triangular channels on the mel scale: each bin goes to two neighbours. */
export interface MelTable {
  /** First bin that is used. */
  readonly start: number;
  /** Bins of each of channels + 1 intervals between centres; the bins follow each other. */
  readonly widths: Uint16Array;
  /** For each bin, its share in the channel that ends in the interval, and in the one that begins there; 12 bits. */
  readonly weights: Uint16Array;
  readonly unweights: Uint16Array;
}

/** Mel of a frequency, in float32. */
function mel(frequency: number): number {
  return f(1127 * f(Math.log1p(f(frequency / 700))));
}

export function melTable({ channels, lowerHz, upperHz, sampleRate, fftSize }: MelParameters): MelTable {
  const low = mel(f(lowerHz));
  const spacing = f(f(mel(f(upperHz)) - low) / f(channels + 1));
  const centres = Array.from({ length: channels + 1 }, (_, i) => f(low + f(spacing * f(i + 1))));
  const binHz = f(f(0.5 * f(sampleRate)) / f(fftSize / 2));
  // The constant component is left out.
  const start = Math.trunc(f(1.5 + f(f(lowerHz) / binHz)));
  const widths: number[] = [];
  const weights: number[] = [];
  const unweights: number[] = [];
  let bin = start;
  centres.forEach((centre, channel) => {
    const before = channel === 0 ? low : centres[channel - 1]!;
    const first = bin;
    while (mel(f(bin * binHz)) <= centre) {
      const weight = f(f(centre - mel(f(bin * binHz))) / f(centre - before));
      weights.push(Math.floor(f(f(weight * 4096) + 0.5)));
      unweights.push(Math.floor(f(f(f(1 - weight) * 4096) + 0.5)));
      bin += 1;
    }
    widths.push(bin - first);
  });
  return {
    start,
    widths: Uint16Array.from(widths),
    weights: Uint16Array.from(weights),
    unweights: Uint16Array.from(unweights),
  };
}

type MelParameters = Pick<FrontEnd, 'channels' | 'lowerHz' | 'upperHz' | 'sampleRate' | 'fftSize'>;

interface PcanParameters {
  readonly strength: number;
  readonly offset: number;
  readonly gainBits: number;
}

/**
 * The gain for a noise estimate: at 0 and 1, then for each of its bit lengths from 2 up a parabola of three numbers (the fourth is not used).
 * @param inputBits fraction bits of the estimate
 */
export function pcanTable(parameters: PcanParameters, inputBits: number): Int16Array {
  return Int16Array.from(pcanNumbers(parameters, inputBits));
}

/** Whether the table's 16 bits hold the gain: microfrontend cuts off what they do not, and the gain is anything. */
export function pcanFits(parameters: PcanParameters, inputBits: number): boolean {
  return pcanNumbers(parameters, inputBits).every((number) => number === (number << 16) >> 16);
}

function pcanNumbers({ strength, offset, gainBits }: PcanParameters, inputBits: number): number[] {
  const gain = (x: number): number => {
    const real = f(f(x) / 2 ** inputBits);
    const value = f(2 ** gainBits * f((f(real + f(offset)) as number) ** f(-strength)));
    return value > 32767 ? 32767 : Math.trunc(f(value + 0.5));
  };
  const table = new Array<number>(4 * PCAN_BITS - 3).fill(0);
  table[0] = gain(0);
  table[1] = gain(1);
  for (let bits = 2; bits <= PCAN_BITS; bits += 1) {
    const x0 = 2 ** (bits - 1);
    const x2 = bits === PCAN_BITS ? 2 * x0 - 1 : 2 * x0;
    const y0 = gain(x0);
    const [diff1, diff2] = [gain(x0 + x0 / 2) - y0, gain(x2) - y0];
    const a1 = 4 * diff1 - diff2;
    table.splice(4 * bits - 6, 3, y0, a1, diff2 - a1);
  }
  return table;
}

/** log2(1 + i / 128) - i / 128 in 16 bits, i from 0 to 128, and one more for the last segment. */
export function logTable(): Uint16Array {
  return Uint16Array.from({ length: LOG_SEGMENTS + 2 }, (_, i) => {
    const x = Math.min(i / LOG_SEGMENTS, 1);
    return Math.round(65536 * (Math.log2(1 + x) - x));
  });
}
