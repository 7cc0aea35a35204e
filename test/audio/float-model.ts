/** The front end in real numbers, float64: what the integers stand for. */
import type { FrontEnd } from '../../compiler/audio/front-end.js';

const mel = (hz: number) => 1127 * Math.log1p(hz / 700);

/** Power of the bins 0 to fftSize / 2 of a windowed frame, each divided by fftSize. */
function powers(samples: ArrayLike<number>, fftSize: number): number[] {
  const size = samples.length;
  const windowed = Array.from(samples, (x, i) => x * (0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / size)));
  return Array.from({ length: fftSize / 2 + 1 }, (_, bin) => {
    let [re, im] = [0, 0];
    for (let i = 0; i < size; i += 1) {
      const angle = (-2 * Math.PI * ((bin * i) % fftSize)) / fftSize;
      re += windowed[i]! * Math.cos(angle);
      im += windowed[i]! * Math.sin(angle);
    }
    return (re * re + im * im) / fftSize ** 2;
  });
}

/** Amplitude of each channel, 64 to the unit of a sample as the integers have it, and the sum of its weights. */
export function amplitudes(
  samples: ArrayLike<number>,
  { fftSize, channels, lowerHz, upperHz, sampleRate }: FrontEnd,
): { readonly amplitude: number; readonly weights: number }[] {
  const power = powers(samples, fftSize);
  const [low, high] = [mel(lowerHz), mel(upperHz)];
  const centre = (i: number) => low + ((high - low) * (i + 1)) / (channels + 1);
  const first = Math.trunc(1.5 + (lowerHz * fftSize) / sampleRate);
  return Array.from({ length: channels }, (_, channel) => {
    const [from, middle, to] = [centre(channel - 1), centre(channel), centre(channel + 1)];
    let [energy, weights] = [0, 0];
    for (let bin = first; bin < power.length; bin += 1) {
      const at = mel((bin * sampleRate) / fftSize);
      const rising = at <= middle ? (at - from) / (middle - from) : (to - at) / (to - middle);
      const weight = Math.max(0, rising);
      energy += weight * power[bin]!;
      weights += weight;
    }
    return { amplitude: 64 * Math.sqrt(energy), weights };
  });
}

/** Features of frames in a row, in steps as the integers have them, from their amplitudes. */
export function featuresOf(frames: readonly (readonly number[])[], frontEnd: FrontEnd): number[][] {
  const { noiseReduction, pcan, log, fftSize } = frontEnd;
  const correction = fftSize / 64;
  const estimate = new Float64Array(frontEnd.channels);
  return frames.map((amplitudes_) =>
    amplitudes_.map((amplitude, channel) => {
      let signal = amplitude;
      if (noiseReduction !== false) {
        const share = channel % 2 === 0 ? noiseReduction.evenSmoothing : noiseReduction.oddSmoothing;
        estimate[channel] = share * signal + (1 - share) * estimate[channel]!;
        signal = Math.max(signal - estimate[channel]!, signal * noiseReduction.minSignalRemaining);
      }
      if (pcan !== false) {
        const ratio = (signal * correction) / (estimate[channel]! * correction + pcan.offset) ** pcan.strength;
        signal = (ratio < 2 ? (ratio * ratio) / 4 : ratio - 1) * 64;
      }
      if (log === false) return signal;
      const value = signal * correction;
      return value <= 1 ? 0 : Math.log(value) * 2 ** log.scaleShift;
    }),
  );
}
