/** How far the integers are from real numbers: each stage by a bound, and the whole on sounds like speech. docs/AUDIO.md states them. */
import { describe, expect, it } from 'vitest';
import { gainOf, logarithm } from '../../compiler/audio/dynamics.js';
import { type FrontEnd, FrontEndReference } from '../../compiler/audio/front-end.js';
import { pcanTable } from '../../compiler/audio/tables.js';
import { amplitudes, featuresOf } from './float-model.js';
import { frontEndOf } from './front-ends.js';
import { sounds } from './sounds.js';

const COUNT = 1600;

function framesOf(samples: Int16Array, { windowSize, stride }: FrontEnd): Int16Array[] {
  const count = 1 + Math.floor((samples.length - windowSize) / stride);
  return Array.from({ length: count }, (_, i) => samples.slice(i * stride, i * stride + windowSize));
}

/** Shift by which a frame was made loud, at least. */
function gainBits(samples: Int16Array): number {
  const largest = Math.max(...samples.map((x) => Math.min(Math.abs(x), 32767)));
  return largest === 0 ? 15 : 15 - (32 - Math.clz32(largest));
}

describe('the audio front end against real numbers', () => {
  it.each(['wake', 'tiny'] as const)('%s: amplitudes are wrong by less than two bits of a loud transform', (name) => {
    const frontEnd: FrontEnd = { ...frontEndOf(name), noiseReduction: false, pcan: false, log: false };
    for (const [sound, samples] of Object.entries(sounds(COUNT))) {
      const integers = new FrontEndReference(frontEnd).push(samples);
      for (const [index, frame] of framesOf(samples, frontEnd).entries()) {
        for (const [channel, { amplitude, weights }] of amplitudes(frame, frontEnd).entries()) {
          // A bin is wrong by less than 3 of the 2^15 of a transform that is as loud as 16 bits allow, windowed samples are cut off at whole
          // numbers, weights have 12 bits.
          const bound = (64 * 3 * Math.sqrt(weights)) / 2 ** gainBits(frame) + 64 * 0.15 + amplitude / 1000;
          const error = Math.abs(Math.min(amplitude, 65535) - integers[index]![channel]!);
          expect(error, `${sound}, frame ${index}, channel ${channel}`).toBeLessThanOrEqual(bound);
        }
      }
    }
  });

  it('has a logarithm that is right to 0.003 and half a step', () => {
    for (let x = 2, i = 0; x < 2 ** 32; x = Math.ceil(x * 1.003), i += 1) {
      const scaleShift = i % 11;
      expect(Math.abs(logarithm(x, scaleShift) - Math.log(x) * 2 ** scaleShift), `ln ${x}`).toBeLessThan(
        0.5 + 0.003 * 2 ** scaleShift,
      );
    }
  });

  it('has a gain that is right to 1.5 % and a step and a half', () => {
    const pcan = { strength: 0.95, offset: 80, gainBits: 21 };
    const table = pcanTable(pcan, 7);
    for (let x = 0; x < 2 ** 31; x = Math.ceil(x * 1.003 + 1)) {
      const real = 2 ** pcan.gainBits * (x / 128 + pcan.offset) ** -pcan.strength;
      expect(Math.abs(gainOf(table, x) - real), `estimate ${x}`).toBeLessThan(0.015 * real + 1.5);
    }
  });

  it.each([
    ['telephone', 0.5, 1],
    ['wake', 4, 5],
  ] as const)(
    '%s: features of speech are wrong by %d of 400 steps in the mean, nine of ten by no more than %d',
    (name, mean, most) => {
      const frontEnd = frontEndOf(name);
      const samples = sounds(4000).speech!;
      const integers = new FrontEndReference(frontEnd).push(samples);
      const real = featuresOf(
        framesOf(samples, frontEnd).map((frame) => amplitudes(frame, frontEnd).map(({ amplitude }) => amplitude)),
        frontEnd,
      );
      const errors = real
        .flatMap((row, index) => row.map((value, channel) => Math.abs(value - integers[index]![channel]!)))
        .sort((a, b) => a - b);
      expect(errors.length).toBeGreaterThan(800);
      expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(mean);
      expect(errors[Math.floor(0.9 * errors.length)]).toBeLessThan(most);
    },
  );
});
