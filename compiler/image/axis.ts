/**
 * Resizing along one axis, exactly, in integers: each output sample is a weighted sum of input samples, divided by `total`.
 * Sample i of n lies at the middle of [i/n, (i+1)/n), as in ONNX's `half_pixel`.
 */
import type { RESIZES } from './schema.js';

export type Resize = (typeof RESIZES)[number];

/**
 * Where output samples lie among input samples: sample i at (start + i * step) / unit. For `area` output sample i covers
 * input from i * step / unit to (i + 1) * step / unit. Fractions are reduced: weights are as small as they can be.
 */
export interface Axis {
  readonly input: number;
  readonly output: number;
  readonly start: number;
  readonly step: number;
  readonly unit: number;
  /** What the weights of an output sample add up to. */
  readonly total: number;
}

export function makeAxis(resize: Resize, input: number, output: number): Axis {
  switch (resize) {
    case 'nearest': {
      // floor((i + 1/2) * input / output)
      const divisor = gcd(input, 2 * output);
      return {
        input,
        output,
        start: input / divisor,
        step: (2 * input) / divisor,
        unit: (2 * output) / divisor,
        total: 1,
      };
    }
    case 'bilinear': {
      // (i + 1/2) * input / output - 1/2
      const divisor = gcd(gcd(2 * input, 2 * output), Math.abs(input - output));
      const unit = (2 * output) / divisor;
      return { input, output, start: (input - output) / divisor, step: (2 * input) / divisor, unit, total: unit };
    }
    case 'area': {
      const divisor = gcd(input, output);
      return { input, output, start: 0, step: input / divisor, unit: output / divisor, total: input / divisor };
    }
  }
}

export interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** The input samples of output sample `at`, with whole weights that add up to `total`. */
export function tapsOf(resize: Resize, axis: Axis, at: number): Tap[] {
  const { input, start, step, unit } = axis;
  const position = start + at * step;
  switch (resize) {
    case 'nearest':
      return [{ index: Math.floor(position / unit), weight: 1 }];
    case 'bilinear': {
      const whole = Math.floor(position / unit);
      // Beyond the middle of the first and the last sample is nothing to go to.
      if (whole < 0) return [{ index: 0, weight: unit }];
      if (whole >= input - 1) return [{ index: input - 1, weight: unit }];
      const weight = position - whole * unit;
      return [
        { index: whole, weight: unit - weight },
        { index: whole + 1, weight },
      ];
    }
    case 'area': {
      const end = position + step;
      const taps: Tap[] = [];
      for (let index = Math.floor(position / unit); index * unit < end; index += 1) {
        const weight = Math.min(end, (index + 1) * unit) - Math.max(position, index * unit);
        taps.push({ index, weight });
      }
      return taps;
    }
  }
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
