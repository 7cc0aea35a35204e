/** Front ends of the tests: the parameters that models are trained with, and others that take other ways through the code. */
import type { FrontEnd } from '../../compiler/audio/front-end.js';
import { parseFrontEnd } from '../../compiler/audio/parse.js';
import { thresholdsOf } from '../../compiler/audio/quantize.js';
import type { FrontEndPlan } from './audio-program.js';

export const documents = {
  /** Of pymicro-features and ESPHome: all defaults. */
  wake: {},
  /** Of micro_speech. */
  speech: { strideMs: 20 },
  /** An odd power of two, no PCAN. */
  telephone: { sampleRate: 8000, windowMs: 25, channels: 23, upperHz: 3900, pcan: false, log: { scaleShift: 5 } },
  /** Neither logarithm nor gain: the amplitudes themselves. */
  plain: { windowMs: 32, strideMs: 32, channels: 64, lowerHz: 20, upperHz: 7800, pcan: false, log: false },
  /** Few points, many of the small numbers' ways. */
  tiny: {
    windowMs: 3,
    strideMs: 2,
    channels: 5,
    lowerHz: 300,
    noiseReduction: { smoothingBits: 4 },
    pcan: { gainBits: 18 },
  },
} as const;

export type FrontEndName = keyof typeof documents;
export const names = Object.keys(documents) as FrontEndName[];

export function frontEndOf(name: FrontEndName): FrontEnd {
  return parseFrontEnd({ fileName: `${name}.json`, text: JSON.stringify(documents[name]) });
}

/** With a model's input: that of the wake-word example, a float one, and one whose steps meet in halves. */
export function planOf(name: FrontEndName): FrontEndPlan {
  const frontEnd = frontEndOf(name);
  if (name === 'telephone') return { frontEnd };
  const [scale, zeroPoint] = name === 'plain' ? [8 * 0.0390625, 3] : [Math.fround(26 / 255), -128];
  const quantization = { scale: [scale], zeroPoint: [zeroPoint] };
  return { frontEnd, quantization: { thresholds: thresholdsOf(frontEnd.scale, quantization, 127), zeroPoint } };
}
