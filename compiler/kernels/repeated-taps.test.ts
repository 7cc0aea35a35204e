import { describe, expect, it } from 'vitest';
import { repeatedName, repeatsIn, repeatTaps } from './repeated-taps.js';

/** Two channels of three taps. */
function layerOf(weights: readonly number[]) {
  const channel = { bias: 0, scale: 1, reach: { least: 0, greatest: 0 } };
  const output = { sumLanes: 0, zeroPoint: 0, low: -128, high: 127 };
  return { weights: Int16Array.from(weights), inner: 3, channels: [channel, channel], ...output };
}

describe('taps that are taken again', () => {
  it('are those of weights beyond int8, and what is left of them adds up', () => {
    const { layer, taps } = repeatTaps(layerOf([1, 140, -128, 255, 127, -200]));
    expect(taps).toEqual([0, 0, 0, 1, 1, 2, 2]);
    expect([...layer.weights]).toEqual([1, 0, 0, 127, 13, -128, 0, 127, 127, 1, 127, 0, -127, -73]);
    expect(layer.inner).toBe(7);
    expect(repeatedName(taps)).toBe('_again4_0_0_1_2');
    expect(repeatsIn('nanoc_taps_dsp_3_again4_0_0_1_2_5')).toBe(4);
  });

  it('are none where all weights are int8', () => {
    const { layer, taps } = repeatTaps(layerOf([1, 127, -128, 0, 5, -3]));
    expect(taps).toEqual([0, 1, 2]);
    expect([...layer.weights]).toEqual([1, 127, -128, 0, 5, -3]);
    expect(repeatedName(taps)).toBe('');
    expect(repeatsIn('nanoc_taps_dsp_3')).toBe(0);
  });
});
