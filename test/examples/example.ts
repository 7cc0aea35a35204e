/** The examples as the tests see them: model, test set, and what counts as a right answer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { z } from 'zod';
import { loadConfig } from '../../compiler/cli/config.js';
import { readModelFile } from '../../compiler/cli/model-file.js';
import type { Compilation } from '../../compiler/compilation.js';
import { compile } from '../../compiler/index.js';
import { valueOf } from '../../compiler/ir/graph.js';
import type { Tensor } from '../../compiler/ir/tensor.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { readNpy } from '../../compiler/verify/npy.js';
import type { VectorSet } from '../../compiler/verify/vector-set.js';
import { loadVectors } from '../../compiler/verify/vectors.js';

export const EXAMPLES = ['digits', 'motion', 'sine'] as const;
export type ExampleName = (typeof EXAMPLES)[number];

/** What train.py wrote: ONNX Runtime's figures. */
const trainingSchema = z.strictObject({
  testVectors: z.int().positive(),
  measure: z.enum(['accuracy', 'mean absolute error']),
  float: z.number(),
  quantized: z.number(),
});

export interface Example {
  readonly name: ExampleName;
  /** Absolute path of examples/<name>. */
  readonly folder: string;
  readonly training: z.infer<typeof trainingSchema>;
  readonly compilation: Compilation;
  readonly set: VectorSet;
  readonly labels: readonly number[];
}

/** Compiles an example with the options of its nanoc.json and reads its test set. */
export async function loadExample(name: ExampleName): Promise<Example> {
  const folder = join(packageRoot(), 'examples', name);
  const training = trainingSchema.parse(JSON.parse(readFileSync(join(folder, 'training.json'), 'utf8')));
  const { target, optimize, kernels } = loadConfig(folder)!;
  const compilation = await compile(readModelFile(join(folder, `${name}.onnx`)), {
    target: String(target),
    ...(optimize === undefined ? {} : { optimize }),
    ...(kernels === undefined ? {} : { kernels }),
  });
  const path = join(folder, 'test.npz');
  const set = await loadVectors(compilation.reference, path);
  const { data } = readNpy(unzipSync(readFileSync(path))['label.npy']!);
  return { name, folder, training, compilation, set, labels: Array.from(data as ArrayLike<number | bigint>, Number) };
}

/** Accuracy or mean absolute error over the test set, rounded to four decimals as train.py does. */
export function score(example: Example, outputs: readonly ReadonlyMap<string, Tensor>[]): number {
  const points = outputs.map((tensors, index) => point(example, tensors, example.labels[index]!));
  return Number((points.reduce((sum, value) => sum + value, 0) / points.length).toFixed(4));
}

function point(example: Example, outputs: ReadonlyMap<string, Tensor>, label: number): number {
  switch (example.name) {
    case 'digits':
      return Number(outputs.get('digit')!.data[0]) === label ? 1 : 0;
    case 'motion':
      return largest(outputs.get('probability')!) === label ? 1 : 0;
    case 'sine': {
      const { scale, zeroPoint } = valueOf(example.compilation.reference, 'sine').quantization!;
      return Math.abs((Number(outputs.get('sine')!.data[0]) - zeroPoint[0]!) * scale[0]! - label);
    }
  }
}

/** Index of the largest element, the first of equals. */
export function largest(tensor: Tensor): number {
  return Array.from(tensor.data as Int8Array).reduce((best, value, at, all) => (value > all[best]! ? at : best), 0);
}
