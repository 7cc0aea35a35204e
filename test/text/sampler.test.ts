/** The sampler: the same tokens by the reference, on the host and on cores with and without FPU. */
import { describe, expect, it } from 'vitest';
import { GREEDY, Random, type Sampling, sample } from '../../compiler/text/sampler.js';
import { runTextCases, type TextCase } from './text-program.js';

type SampleCase = Extract<TextCase, { kind: 'sample' }>;

/** Logits with ties, as quantized models have them. */
function logitsOf(seed: number, count: number, step: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => Math.round((random.next() / 2 ** 32 - 0.5) * (20 / step)) * step);
}

const settings: readonly Partial<Sampling>[] = [
  {},
  { repetitionPenalty: 1.3 },
  { temperature: 1 },
  { temperature: 0.7, topK: 40 },
  { temperature: 0.9, topP: 0.9 },
  { temperature: 1.5, topK: 100, topP: 0.95, repetitionPenalty: 1.1 },
  { temperature: 0.05 },
  { temperature: 30, topK: 3 },
  { temperature: 1, topK: 1 },
  { temperature: 1, topP: 0 },
  { temperature: 1, topK: 500, topP: 0.999 },
];

const special: readonly Float32Array[] = [
  Float32Array.of(Number.NaN, 1, 1, Number.NEGATIVE_INFINITY),
  Float32Array.of(-0, 0, 0),
  Float32Array.of(Number.NaN, Number.NaN),
  Float32Array.of(1, Number.POSITIVE_INFINITY, 2),
  Float32Array.of(3),
  new Float32Array(64).fill(-2.5),
];

const cases: readonly SampleCase[] = settings.flatMap((setting, index) => {
  const how = { ...GREEDY, ...setting };
  const logits = [logitsOf(index, 512, 1e-4), logitsOf(index + 100, 300, 0.25), logitsOf(index, 7, 0.5), ...special];
  return logits.map((each, at) => ({ kind: 'sample', how, seed: 1000 * index + at, logits: each, draws: 40 }) as const);
});

function reference({ how, seed, logits, draws }: SampleCase): number[] {
  const random = new Random(seed);
  const tokens: number[] = [];
  for (let i = 0; i < draws; i += 1) tokens.push(sample(how, random, logits, tokens));
  return tokens;
}

describe('the sampler', () => {
  it.each(['host', 'cortex-m0', 'cortex-m4', 'rv32imc'])('%s: the tokens of the reference', async (target) => {
    expect(await runTextCases(target, {}, cases)).toEqual(cases.map(reference));
  });

  it('draws as often as the probabilities say', () => {
    const logits = Float32Array.of(0, Math.log(2), Math.log(5));
    const random = new Random(7);
    const counts = [0, 0, 0];
    for (let i = 0; i < 8000; i += 1) counts[sample({ ...GREEDY, temperature: 1 }, random, logits, [])]! += 1;
    [1000, 2000, 5000].forEach((expected, token) => {
      expect(Math.abs(counts[token]! - expected)).toBeLessThan(150);
    });
  });

  it('takes the fewest tokens that have the share, and the best so many', () => {
    const logits = Float32Array.of(Math.log(1), Math.log(4), Math.log(3), Math.log(2));
    const drawn = (how: Partial<Sampling>) => {
      const random = new Random(3);
      return new Set(
        Array.from({ length: 500 }, () => sample({ ...GREEDY, temperature: 1, ...how }, random, logits, [])),
      );
    };
    expect(drawn({})).toEqual(new Set([0, 1, 2, 3]));
    expect(drawn({ topP: 0.65 })).toEqual(new Set([1, 2]));
    expect(drawn({ topP: 0.75 })).toEqual(new Set([1, 2, 3]));
    expect(drawn({ topK: 2 })).toEqual(new Set([1, 2]));
  });

  it('divides positive logits of the history by the penalty and multiplies the others', () => {
    const greedy = (penalty: number, logits: number[], history: number[]) =>
      sample({ ...GREEDY, repetitionPenalty: penalty }, new Random(0), Float32Array.from(logits), history);
    expect(greedy(2, [3, 2], [0])).toBe(1);
    expect(greedy(1.2, [3, 2], [0])).toBe(0);
    expect(greedy(2, [-1, -1.5], [0, 0])).toBe(1);
  });
});
