/** Attention over a cache for MVE: the reference's bytes, as C on the host and in QEMU, and what it costs. */
import { describe, expect, it } from 'vitest';
import { type AttentionSpec, attentionCase, randomAttention } from '../../../test/support/attention-case.js';
import { checkOnHost, checkOnTarget, type NativeCase } from '../../../test/support/native-conv.js';
import { Random } from '../../../test/support/random.js';
import { runCallsOnTarget } from '../../../test/support/run-call.js';
import { loadTarget } from '../../targets.js';
import { predictInstructions } from '../cost.js';

const KERNEL = 'nanoc_cached_attention_mve';
const FEATURES = ['mve', 'fpu', 'dsp'] as const;
const CASES = process.env.NANOC_FULL === undefined ? 40 : 300;
const DIMS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 24, 25, 31, 32, 40, 63, 64];
const SLOW_MS = 300_000;

const lower = (spec: AttentionSpec, random: Random) => attentionCase(spec, random, KERNEL, FEATURES);

function cases(seed: number, dims = DIMS, count = CASES): NativeCase[] {
  const random = new Random(seed);
  const every = dims.map(
    (dim, i): AttentionSpec => ({ heads: 1 + (i % 4), group: 1 + (i % 3), dim, context: 20, position: i }),
  );
  const edges = [0, 6, 7, 8, 14, 15, 16].map(
    (position): AttentionSpec => ({ heads: 2, group: 2, dim: 8, context: 17, position, extreme: true }),
  );
  const wide: AttentionSpec = { heads: 64, group: 1, dim: 64, context: 9, position: 8 };
  const others = Array.from({ length: count }, () => randomAttention(random, dims));
  return [...every, ...edges, wide, ...others].flatMap((spec) => lower(spec, random) ?? []);
}

describe('attention over a cache for MVE', () => {
  it('without MVE: every byte, alone and over the query', { timeout: SLOW_MS }, async () => {
    const list = cases(71, [3, 8, 17], 2);
    expect(list.length).toBeGreaterThan(10);
    await checkOnHost(list);
  });

  it('cortex-m55: the same bytes', { timeout: SLOW_MS }, async () => {
    await checkOnTarget(cases(72), 'cortex-m55', 30);
  });

  it('is predicted within 15 % where the cache is full', { timeout: SLOW_MS }, async () => {
    const random = new Random(73);
    const target = await loadTarget('cortex-m55');
    const list = [
      [4, 2, 8, 256],
      [2, 1, 16, 100],
      [3, 3, 7, 64],
      [1, 4, 64, 50],
      [2, 2, 28, 33],
    ].map(([heads, group, dim, context]) =>
      lower({ heads: heads!, group: group!, dim: dim!, context: context!, position: context! - 1 }, random),
    );
    const measured = await runCallsOnTarget(
      list.map((one) => one!.case),
      target,
    );
    list.forEach((one, i) => {
      const { call, graph } = one!.case;
      const ratio = predictInstructions(call, graph, target)! / measured[i]!.instructions;
      if (process.env.NANOC_SHOW !== undefined) console.log(call.function, measured[i]!.instructions, ratio.toFixed(3));
      expect(Math.abs(ratio - 1), `${call.function}: ${ratio}`).toBeLessThan(0.15);
    });
  });

  it('leaves long heads, short caches and scales without an inverse to other kernels', () => {
    const random = new Random(74);
    const spec: AttentionSpec = { heads: 2, group: 2, dim: 8, context: 16, position: 3 };
    expect(lower(spec, random)).toBeDefined();
    expect(lower({ ...spec, dim: 65 }, random)).toBeUndefined();
    expect(lower({ ...spec, context: 7 }, random)).toBeUndefined();
    expect(lower({ ...spec, heads: 65, dim: 64 }, random)).toBeUndefined();
    expect(lower({ ...spec, weightScale: 2 ** -80 }, random)).toBeUndefined();
  });
});
