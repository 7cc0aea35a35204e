import { expect, it } from 'vitest';
import { Random } from '../../test/support/random.js';
import { divideByPowerOfTwo, type Law, multiplyByQuantizedMultiplier, quantizeMultiplier } from './law.js';

it('a factor as a multiplier of 31 bits', () => {
  expect(quantizeMultiplier(1)).toEqual({ multiplier: 2 ** 30, shift: 1 });
  expect(quantizeMultiplier(0.5)).toEqual({ multiplier: 2 ** 30, shift: 0 });
  expect(quantizeMultiplier(0.75 * 2 ** -9)).toEqual({ multiplier: 0.75 * 2 ** 31, shift: -9 });
  // Rounds up to 2^31, which is 2^30 and one shift more.
  expect(quantizeMultiplier(1 - 2 ** -40)).toEqual({ multiplier: 2 ** 30, shift: 1 });
  expect(quantizeMultiplier(2 ** -40)).toEqual({ multiplier: 0, shift: 0 });
});

it('ties of a division go away from zero', () => {
  expect([-6, -5, -3, -2, -1, 1, 2, 3, 5, 6].map((x) => divideByPowerOfTwo(x, 2))).toEqual([
    -2, -1, -1, -1, 0, 0, 1, 1, 1, 2,
  ]);
  expect(divideByPowerOfTwo(-(2 ** 31), 0)).toBe(-(2 ** 31));
});

it.each([
  // 0.375 * 2: once 0.75; twice round(0.375 * 4) / 4 ...: the product is rounded to whole numbers before the shift.
  ['tflite-single', 3, 2 ** 30, -1, 1],
  ['tflite-double', 3, 2 ** 30, -1, 1],
  // -0.5: up when rounded once, away from zero when the shift rounds it.
  ['tflite-single', -1, 2 ** 30, 0, 0],
  ['tflite-single', -2, 2 ** 30, -1, 0],
  ['tflite-double', -2, 2 ** 30, -1, -1],
  // 1.25 is 1 once; 2.5 becomes 3 and then 1.5 becomes 2.
  ['tflite-single', 5, 2 ** 30, -1, 1],
  ['tflite-double', 5, 2 ** 30, -1, 2],
  // Shifts to the left.
  ['tflite-single', 100, 2 ** 30, 3, 400],
  ['tflite-double', 100, 2 ** 30, 3, 400],
] as const)('%s: %i * %i * 2^(%i - 31) is %i', (law, x, multiplier, shift, expected) => {
  expect(multiplyByQuantizedMultiplier(x, { multiplier, shift }, law)).toBe(expected);
});

it('both are within their rounding of the real product', () => {
  const random = new Random(1);
  for (let i = 0; i < 2000; i += 1) {
    const factor = 2 ** (-16 + 16 * random.next());
    const x = random.integer(-(2 ** 20), 2 ** 20);
    for (const law of ['tflite-single', 'tflite-double'] satisfies Law[]) {
      const distance = Math.abs(multiplyByQuantizedMultiplier(x, quantizeMultiplier(factor), law) - x * factor);
      expect(distance).toBeLessThanOrEqual(law === 'tflite-single' ? 0.501 : 1);
    }
  }
});
