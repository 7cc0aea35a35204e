/**
 * `--stream` on models as users have them, from NANOC_MODELS or ../shared/models: recorded windows go in row by row, and the step that
 * completes a window gives what ONNX Runtime gave for it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModelFile } from '../../compiler/cli/model-file.js';
import { compile } from '../../compiler/index.js';
import { totalMacs } from '../../compiler/ir/kernel-call.js';
import type { Tensor } from '../../compiler/ir/tensor.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { loadVectors } from '../../compiler/verify/vectors.js';
import { verifyModel } from '../../compiler/verify/verify.js';

const folder = process.env.NANOC_MODELS ?? join(packageRoot(), '../shared/models');

/** `share`: at most so much of the multiply-accumulates of a window are left for a step. */
const models = [
  { path: 'mlperf-tiny/sww_int8', share: 0.06 },
  ...(process.env.NANOC_FULL === '1' ? [{ path: 'mlperf-tiny/kws_dscnn_int8', share: 0.42 }] : []),
];

/** Rows [1, rows, ...] of all windows, one behind the other, as steps of `hop` rows. */
function stepsOf(windows: readonly Tensor[], hop: number): Tensor[] {
  const [, rows, ...others] = windows[0]!.shape as [number, number, ...number[]];
  const size = hop * others.reduce((a, b) => a * b, 1);
  const all = windows.flatMap(({ data }) => Array.from(data, Number));
  return Array.from({ length: Math.floor((windows.length * rows) / hop) }, (_, step) => ({
    dtype: 'int8',
    shape: [1, hop, ...others],
    data: Int8Array.from(all.slice(step * size, (step + 1) * size)),
  }));
}

describe.skipIf(!existsSync(folder))('streamed models', () => {
  it.each(models)('$path on cortex-m4', async ({ path, share }) => {
    const source = readModelFile(join(folder, `${path}.onnx`));
    const compilation = await compile(source, { target: 'cortex-m4', stream: { time: 1 } });
    const { original, input, hop, window, originalCost } = compilation.streamed!;
    const macs = totalMacs(compilation.plan.calls);
    expect(macs).toBeLessThan(originalCost.macs * share);
    const recorded = await loadVectors(original, join(folder, `${path}.vectors.npz`));
    const steps = stepsOf(
      recorded.vectors.slice(0, 2).map((vector) => vector.get(input)!),
      hop,
    );
    const ends =
      window % hop === 0
        ? [0, 1].map((index) => [((index + 1) * window) / hop - 1, recorded.expected![index]!] as const)
        : [];
    const result = await verifyModel(
      compilation,
      {
        vectors: steps.map((step) => new Map([[input, step]])),
        labels: steps.map((_, i) => `step ${i + 1}`),
        expected: steps.map((_, i) => ends.find(([step]) => step === i)?.[1] ?? new Map()),
      },
      { onnxRuntime: 'require' },
    );
    expect(result.firstDivergence?.message).toBeUndefined();
    expect(result.expected?.differing).toBe(0);
    expect(result.windows).toMatchObject({ passed: true, windows: steps.length - Math.ceil(window / hop) + 1 });
    expect(result.passed).toBe(true);
  });
});
