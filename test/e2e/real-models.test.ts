/**
 * Models as users have them, from NANOC_MODELS or ../shared/models (never part of the repository): the device against the
 * reference at every layer, the reference against ONNX Runtime at every tensor, on the host and two cores; with NANOC_FULL=1 on
 * all of them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModelFile } from '../../compiler/cli/model-file.js';
import { compile } from '../../compiler/index.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import type { VectorSet } from '../../compiler/verify/vector-set.js';
import { loadVectors } from '../../compiler/verify/vectors.js';
import { verifyModel } from '../../compiler/verify/verify.js';
import { simulatedTargets } from '../support/simulated-targets.js';

const folder = process.env.NANOC_MODELS ?? join(packageRoot(), '../shared/models');
const full = process.env.NANOC_FULL === '1';
const simulated = await simulatedTargets();
const alexaStates = [0, 1, 2, 3, 4, 5].map((index) => `next_state_${index}=state_${index}`);

/** Elements that may be off by one against ONNX Runtime, of a million or more; docs/NUMERICS.md has the reasons. */
const models: readonly { readonly path: string; readonly states?: readonly string[]; readonly offByOne?: number }[] = [
  { path: 'mlperf-tiny/kws_dscnn_int8', offByOne: 10 },
  { path: 'mlperf-tiny/ic_resnet8_int8', offByOne: 10 },
  { path: 'mlperf-tiny/ad01_int8' },
  { path: 'mlperf-tiny/sww_int8' },
  { path: 'forms/ic_resnet8_u8s8_qdq_pc', offByOne: 20 },
  { path: 'forms/ic_resnet8_u8u8_qop_pt' },
  { path: 'forms/kws_dscnn_s8s8_qop_pc' },
  { path: 'forms/kws_dscnn_fp32' },
  { path: 'streaming/alexa', states: alexaStates },
];

/** The first and last vectors (the last two are all-minimum and all-maximum); all steps of a model with state. */
function fewer(set: VectorSet, states: boolean): VectorSet {
  if (full || states || set.vectors.length <= 4) return set;
  const pick = <T>(list: readonly T[]): T[] => [...list.slice(0, 2), ...list.slice(-2)];
  const expected = set.expected === undefined ? {} : { expected: pick(set.expected) };
  return { vectors: pick(set.vectors), labels: pick(set.labels), ...expected };
}

describe.skipIf(!existsSync(folder))('real models', () => {
  for (const { path, states = [], offByOne = 0 } of models) {
    for (const target of full ? ['host', ...simulated] : ['host', 'cortex-m3', 'cortex-m4']) {
      it(`${path} on ${target}`, async (context) => {
        const file = join(folder, `${path}.onnx`);
        if (!existsSync(file)) return context.skip();
        const compilation = await compile(readModelFile(file), { target, states });
        const set = fewer(
          await loadVectors(compilation.reference, join(folder, `${path}.vectors.npz`)),
          states.length > 0,
        );
        const onHost = target === 'host';
        const result = await verifyModel(compilation, set, {
          onnxRuntime: onHost ? 'require' : 'off',
          sanitize: onHost,
        });
        expect(result.firstDivergence?.message).toBeUndefined();
        expect(result.passed).toBe(true);
        // Every step's result was compared but for copies that the planner put in.
        expect(result.withoutCounterpart.filter((name) => !/__(part|window|state|aside|next)/.test(name))).toEqual([]);
        expect(result.expected!.maxDistance).toBeLessThanOrEqual(1);
        if (!onHost) return;
        expect(result.onnxRuntime!.tensors.length).toBeGreaterThan(8);
        expect(result.onnxRuntime!.differing).toBeLessThanOrEqual(offByOne);
      });
    }
  }
});
