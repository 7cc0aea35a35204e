import { describe, expect, it } from 'vitest';
import type { Tensor } from '../ir/tensor.js';
import { describeOutput, realValues, topScores } from './results.js';

const int8 = (shape: number[], ...data: number[]): Tensor => ({ dtype: 'int8', shape, data: Int8Array.from(data) });
const quantization = { scale: [0.5], zeroPoint: [-1] };

describe('outputs', () => {
  it('real = (q - zero point) * scale; plain integers stand for nothing', () => {
    expect(realValues(int8([3], -1, 0, 127), quantization)).toEqual([0, 0.5, 64]);
    expect(realValues(int8([1], 5), undefined)).toBeUndefined();
    expect(realValues({ dtype: 'float32', shape: [2], data: Float32Array.of(1.5, -2) }, undefined)).toEqual([1.5, -2]);
  });

  it('the best classes come first, equal ones in the order of their indices', () => {
    const tensor = int8([1, 4], 3, 7, 7, -4);
    expect(topScores(tensor, realValues(tensor, quantization))!.map(({ index }) => index)).toEqual([1, 2, 0, 3]);
  });

  it.each<[string, Tensor]>([
    ['a feature map', int8([1, 2, 2], 1, 2, 3, 4)],
    ['a single number', int8([1, 1], 1)],
    ['two numbers', int8([2], 1, 2)],
    ['a tensor with NaN', { dtype: 'float32', shape: [3], data: Float32Array.of(1, Number.NaN, 2) }],
  ])('%s is no list of scores', (_, tensor) =>
    expect(topScores(tensor, realValues(tensor, quantization))).toBeUndefined(),
  );

  it('are described as stored, as real numbers, and by their best', () => {
    expect(describeOutput('y', int8([1, 3], -1, 0, 9), quantization)).toEqual([
      'y  int8[1,3]',
      '  stored  -1 0 9',
      '  real    0 0.5 5',
      '  best    [2] 5  [1] 0.5  [0] 0',
    ]);
    expect(describeOutput('digit', { dtype: 'int64', shape: [1], data: BigInt64Array.of(7n) }, undefined)).toEqual([
      'digit  int64[1]',
      '  stored  7',
    ]);
  });

  it('that are long are cut', () => {
    const lines = describeOutput('y', int8([4, 10], ...Array(40).fill(1)), undefined);
    expect(lines[1]).toBe(`  stored  ${Array(16).fill('1').join(' ')} ... (40 in all)`);
  });
});
