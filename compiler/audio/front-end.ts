/**
 * The reference of the audio front end: int16 samples in, integer features of each frame out. The same integers as microfrontend, and as the C
 * of runtime-c (nanoc/audio.h), which is compared with this.
 */
import { bitLength, gainOf, logarithm, SNR_BITS, shrink } from './dynamics.js';
import { realTransform } from './fft.js';
import type { FrontEndParameters } from './schema.js';
import { type MelTable, melTable, pcanTable, WEIGHT_BITS, WINDOW_BITS, windowTable } from './tables.js';

/** Parameters of which everything is known. */
export interface FrontEnd extends FrontEndParameters {
  readonly fftSize: number;
  /** Samples of a window, and from one to the next. */
  readonly windowSize: number;
  readonly stride: number;
}

/** Bits by which the filter bank's amplitudes are smaller than those of the samples. */
export function correctionBits({ fftSize }: Pick<FrontEnd, 'fftSize'>): number {
  return Math.log2(fftSize) - WEIGHT_BITS / 2;
}

const NOISE_BITS = 14;

/** Shares of the noise reduction in 14 bits: of channels 0, 2, ..., of the others, and what remains at least. */
export function noiseShares({ evenSmoothing, oddSmoothing, minSignalRemaining }: NoiseReduction) {
  const bits = (share: number) => Math.trunc(Math.fround(Math.fround(share) * 2 ** NOISE_BITS));
  return { even: bits(evenSmoothing), odd: bits(oddSmoothing), least: bits(minSignalRemaining) };
}
type NoiseReduction = Exclude<FrontEnd['noiseReduction'], false>;

/** Right shift of gain times signal. */
export function snrShift(frontEnd: FrontEnd, gainBits: number): number {
  return gainBits - correctionBits(frontEnd) - SNR_BITS;
}

export class FrontEndReference {
  private readonly window: Int16Array;
  private readonly mel: MelTable;
  private readonly gain: Int16Array | undefined;
  /** Of the noise, for each channel; smoothingBits fraction bits. */
  private readonly estimate: Uint32Array;
  private waiting: number[] = [];

  constructor(private readonly frontEnd: FrontEnd) {
    const { windowSize, channels, noiseReduction, pcan } = frontEnd;
    this.window = windowTable(windowSize);
    this.mel = melTable(frontEnd);
    this.estimate = new Uint32Array(channels);
    if (noiseReduction !== false && pcan !== false) {
      this.gain = pcanTable(pcan, noiseReduction.smoothingBits - correctionBits(frontEnd));
    }
  }

  /** Features of the frames that these samples complete, uint16 [channels] each. */
  push(samples: Iterable<number>): Uint16Array[] {
    const { windowSize, stride } = this.frontEnd;
    for (const sample of samples) this.waiting.push(sample);
    const frames: Uint16Array[] = [];
    let start = 0;
    for (; this.waiting.length - start >= windowSize; start += stride) {
      frames.push(this.frame(this.waiting.slice(start, start + windowSize)));
    }
    this.waiting = this.waiting.slice(start);
    return frames;
  }

  private frame(samples: readonly number[]): Uint16Array {
    const { fftSize } = this.frontEnd;
    const windowed = samples.map((sample, i) => (sample * this.window[i]!) >> WINDOW_BITS);
    // As loud as 16 bits allow; microfrontend loses a lone -32768 here, which negated is no int16.
    const largest = Math.min(Math.max(...windowed.map(Math.abs)), 32767);
    const shift = 15 - bitLength(largest);
    const scaled = new Int16Array(fftSize);
    windowed.forEach((value, i) => {
      scaled[i] = value << shift;
    });
    const spectrum = realTransform(scaled);
    return Uint16Array.from(this.amplitudes(spectrum, shift), (amplitude, channel) => this.feature(amplitude, channel));
  }

  /** Square root of each channel's energy, scaled back. */
  private amplitudes(spectrum: Int16Array, shift: number): Uint32Array {
    const { start, widths, weights, unweights } = this.mel;
    const energies: number[] = [];
    let [bin, carried] = [0, 0];
    for (const width of widths) {
      let [energy, next] = [carried, 0];
      for (let i = 0; i < width; i += 1, bin += 1) {
        const [re, im] = [spectrum[2 * (start + bin)]!, spectrum[2 * (start + bin) + 1]!];
        const power = re * re + im * im;
        energy += weights[bin]! * power;
        next += unweights[bin]! * power;
      }
      energies.push(energy);
      carried = next;
    }
    // What lies below the first centre belongs to no channel.
    return Uint32Array.from(energies.slice(1), (energy) => Math.floor(squareRoot(energy) / 2 ** shift));
  }

  private feature(amplitude: number, channel: number): number {
    const { noiseReduction, pcan, log } = this.frontEnd;
    let signal = amplitude;
    if (noiseReduction !== false) signal = this.withoutNoise(signal, channel, noiseReduction);
    if (pcan !== false) {
      const gain = BigInt(gainOf(this.gain!, this.estimate[channel]!));
      signal = shrink(Number((BigInt(signal) * gain) >> BigInt(snrShift(this.frontEnd, pcan.gainBits))));
    }
    if (log !== false) signal = logarithm(scaledUp(signal, correctionBits(this.frontEnd)), log.scaleShift);
    return Math.min(signal, 65535);
  }

  private withoutNoise(signal: number, channel: number, noise: NoiseReduction): number {
    const { even, odd, least } = noiseShares(noise);
    const smoothing = channel % 2 === 0 ? even : odd;
    const whole = 2 ** NOISE_BITS;
    const scaled = signal * 2 ** noise.smoothingBits;
    const estimate = Math.floor((scaled * smoothing + this.estimate[channel]! * (whole - smoothing)) / whole);
    this.estimate[channel] = estimate;
    const subtracted = Math.floor((scaled - Math.min(estimate, scaled)) / 2 ** noise.smoothingBits);
    return Math.max(subtracted, Math.floor((signal * least) / whole));
  }
}

function scaledUp(x: number, bits: number): number {
  return bits < 0 ? x >>> -bits : (x << bits) >>> 0;
}

/** Rounded to the nearest; below 2 ** 32 at most 65535. */
function squareRoot(x: number): number {
  let root = Math.floor(Math.sqrt(x));
  while (root * root > x) root -= 1;
  while ((root + 1) * (root + 1) <= x) root += 1;
  const up = x - root * root > root && (x >= 2 ** 32 || root !== 0xffff);
  return up ? root + 1 : root;
}
