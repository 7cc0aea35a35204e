/**
 * Random graphs through the whole chain. `NANOC_FULL=1` takes more of them; `NANOC_FUZZ_FROM` and `NANOC_FUZZ_COUNT` choose a
 * range of seeds, so that a long run can be split and resumed.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../compiler/index.js';
import { verifyModel } from '../../compiler/verify/verify.js';
import { simulatedTargets } from '../support/simulated-targets.js';
import { type FuzzSummary, fuzz } from './fuzz.js';
import { generateModel } from './generate.js';
import { runOnCore } from './on-core.js';
import { joined, totalOf } from './tally.js';
import { vectorsFor } from './vectors.js';

const FULL = process.env.NANOC_FULL !== undefined;
const FIRST = Number(process.env.NANOC_FUZZ_FROM ?? 1);
const COUNT = Number(process.env.NANOC_FUZZ_COUNT ?? (FULL ? 10_000 : 300));
/** Graphs of one test: a failure then shows early, and progress is seen. */
const PART = 50;
/** Graphs on each simulated core, whole, and those whose native kernels run by themselves. */
const SIMULATED = FULL ? 40 : 2;
const KERNELS_OF = FULL ? 1000 : 50;
const simulated = await simulatedTargets();
const CORES = ['cortex-m0', 'cortex-m3', 'cortex-m4', 'cortex-m33', 'cortex-m55', 'rv32imc', 'lx7'].filter((name) =>
  simulated.includes(name),
);
/** Those with kernels of their own. */
const NATIVE = CORES.filter((name) => name !== 'rv32imc');
/** Of a thousand integers, how many may lie on the other side of a tie where ONNX Runtime computes in float. */
const LARGEST_PART_EXPLAINED = 5 / 1000;

const parts = Array.from({ length: Math.ceil(COUNT / PART) }, (_, i) => FIRST + i * PART);

it('every seed gives a graph', () => {
  for (let seed = 1; seed <= 5000; seed += 1) expect(generateModel(seed).operators.length).toBeGreaterThan(0);
});

describe('random graphs: ONNX Runtime, the reference and the C on the host agree', () => {
  const summaries: FuzzSummary[] = [];
  it.each(parts)(`${PART} seeds from %i on`, { timeout: 600_000 }, async (first) => {
    const summary = await fuzz(first, Math.min(PART, FIRST + COUNT - first), { batch: PART });
    summaries.push(summary);
    const failures = summary.failures.map(
      ({ seed, stage, message }) => `npm run fuzz -- --seed ${seed}\n${stage}: ${message}`,
    );
    expect(failures).toEqual([]);
    expect([...summary.refused].map(([seed, reason]) => `seed ${seed}: ${reason}`)).toEqual([]);
  });

  it('few integers need a tie as an explanation', () => {
    const { elements, differing } = totalOf(joined(summaries.map(({ tally }) => tally)));
    expect(elements).toBeGreaterThan(COUNT * 100);
    expect(differing / elements).toBeLessThan(LARGEST_PART_EXPLAINED);
  });
});

describe('random graphs in the simulator', () => {
  it.each(CORES)(`%s: every layer of ${SIMULATED} graphs`, { timeout: 1_800_000 }, async (target) => {
    const offset = CORES.indexOf(target) * SIMULATED;
    for (let seed = FIRST + offset; seed < FIRST + offset + SIMULATED; seed += 1) {
      const { bytes } = generateModel(seed);
      const compilation = await compile({ fileName: `m${seed}.onnx`, bytes }, { target });
      const vectors = vectorsFor(compilation.reference, seed);
      const set = { vectors, labels: vectors.map((_, index) => `vector ${index}`) };
      const result = await verifyModel(compilation, set, { onnxRuntime: 'off' });
      expect(result.firstDivergence?.message, `npm run fuzz -- --seed ${seed}, on ${target}`).toBeUndefined();
      expect(result.passed).toBe(true);
    }
  });
});

describe('native kernels on the core that they are written for', () => {
  it.each(NATIVE)(`%s: those of ${KERNELS_OF} graphs`, { timeout: 3_600_000 }, async (target) => {
    let total = 0;
    for (let first = FIRST; first < FIRST + KERNELS_OF; first += PART) {
      const seeds = Array.from({ length: PART }, (_, i) => first + i);
      const { calls, wrong } = await runOnCore(target, seeds);
      expect(wrong).toEqual([]);
      total += calls;
    }
    expect(total).toBeGreaterThan(KERNELS_OF / 5);
  });
});
