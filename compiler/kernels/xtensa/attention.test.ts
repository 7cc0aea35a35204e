/** Attention over a cache for Xtensa: the reference's bytes, as C on the host and on the simulated core. */
import { describe, expect, it } from 'vitest';
import { type AttentionSpec, attentionCase, randomAttention } from '../../../test/support/attention-case.js';
import { checkOnHost, checkOnTarget, type NativeCase } from '../../../test/support/native-conv.js';
import { Random } from '../../../test/support/random.js';
import { simulatedTargets } from '../../../test/support/simulated-targets.js';
import { LX_FEATURES } from './layer.js';

const KERNEL = 'nanoc_cached_attention_lx';
const CASES = process.env.NANOC_FULL === undefined ? 40 : 300;
const DIMS = [4, 8, 12, 16];
const hasCore = (await simulatedTargets()).includes('lx7');
const SLOW_MS = 300_000;

const lower = (spec: AttentionSpec, random: Random) => attentionCase(spec, random, KERNEL, LX_FEATURES);

function cases(seed: number, count = CASES): NativeCase[] {
  const random = new Random(seed);
  const long = DIMS.map((dim): AttentionSpec => ({ heads: 2, group: 2, dim, context: 300, position: 290 }));
  const extreme = [0, 1, 7, 40].map(
    (position): AttentionSpec => ({
      heads: 3,
      group: 1 + (position % 4),
      dim: 8,
      context: 41,
      position,
      extreme: true,
    }),
  );
  // Weights whose sum leaves the room of a word: all round up.
  const many: AttentionSpec = {
    heads: 1,
    group: 2,
    dim: 8,
    context: 400,
    position: -1,
    extreme: true,
    weightScale: 1 / 620,
  };
  const others = Array.from({ length: count }, () => randomAttention(random, DIMS));
  return [...long, ...extreme, many, ...others].flatMap((spec) => lower(spec, random) ?? []);
}

describe('attention over a cache for Xtensa', () => {
  it('without MAC16: every byte, alone and over the query', { timeout: SLOW_MS }, async () => {
    const list = cases(81, 8);
    expect(list.length).toBeGreaterThan(14);
    await checkOnHost(list);
  });

  it.skipIf(!hasCore)('lx7: the same bytes', { timeout: SLOW_MS }, async () => {
    await checkOnTarget(cases(82), 'lx7', 5);
  });

  it('leaves heads that are no whole words, and long ones, to other kernels', () => {
    const random = new Random(83);
    const spec: AttentionSpec = { heads: 2, group: 2, dim: 8, context: 16, position: 3 };
    expect(lower(spec, random)).toBeDefined();
    expect(lower({ ...spec, dim: 6 }, random)).toBeUndefined();
    expect(lower({ ...spec, dim: 20 }, random)).toBeUndefined();
    expect(lower({ ...spec, weightScale: 2 ** -80 }, random)).toBeUndefined();
    expect(lower({ ...spec, scoreScale: 1e-7 }, random)).toBeUndefined();
  });
});
