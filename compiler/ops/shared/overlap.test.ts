import { describe, expect, it } from 'vitest';
import { leadOfSteps, type PixelOrder, windowLead } from './overlap.js';

describe('leadOfSteps', () => {
  it('is 0 for an elementwise walk of equal sizes', () => {
    const steps = Array.from({ length: 5 }, (_, i) => ({ readStart: i, writeEnd: i + 1 }));
    expect(leadOfSteps(steps, 5)).toBe(0);
  });
  it('is negative when the output shrinks, positive when it grows', () => {
    expect(
      leadOfSteps(
        [
          { readStart: 0, writeEnd: 1 },
          { readStart: 4, writeEnd: 2 },
        ],
        8,
      ),
    ).toBe(-3);
    expect(
      leadOfSteps(
        [
          { readStart: 0, writeEnd: 4 },
          { readStart: 1, writeEnd: 8 },
        ],
        2,
      ),
    ).toBe(3);
  });
});

describe('windowLead', () => {
  const walk = (order: PixelOrder, window: Partial<Parameters<typeof windowLead>[0]['window']>, size = 4) =>
    windowLead({
      batches: 1,
      height: 1,
      width: size,
      inputPixel: 2,
      outputPixel: 2,
      order,
      window: { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], output: [1, size], ...window },
    });
  it('lets a pointwise channelwise kernel run in place', () => {
    expect(walk('channelwise', {})).toBe(0);
    expect(walk('buffered', {})).toBe(0);
    expect(walk('whole', {})).toBe(2);
  });
  it('counts the padding before the first pixel', () => {
    // Outputs 0 and 1 both begin at input 0: pixel 1 is written before pixel 2 starts at input 1.
    expect(walk('buffered', { kernel: [1, 3], pads: [0, 1, 0, 1], output: [1, 4] })).toBe(2);
    expect(walk('whole', { kernel: [1, 3], pads: [0, 1, 0, 1], output: [1, 4] })).toBe(4);
  });
  it('skips dilated taps that lie in the padding', () => {
    // Window starts at -1 and 0; the dilated first tap inside is 1 for output 0, 0 for output 1.
    expect(walk('buffered', { kernel: [1, 2], dilations: [1, 2], pads: [0, 1, 0, 0], output: [1, 3] })).toBe(2);
  });
  it('is negative for strides', () => {
    expect(walk('buffered', { strides: [1, 2], kernel: [1, 2], output: [1, 2] })).toBe(-2);
  });
});
