/**
 * `accuracy.ts <example folder> <target>`: runs all test vectors of an example on the simulated chip, compares every output
 * byte with what ONNX Runtime gave when the example was trained, and states the accuracy. Exit code 1 when a byte differs.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { unzipSync } from 'fflate';
import { readModelFile } from '../../compiler/cli/model-file.js';
import { compile } from '../../compiler/index.js';
import { bytesOf, type Tensor } from '../../compiler/ir/tensor.js';
import { runModel, type Vector } from '../../compiler/simulate/session.js';
import { readNpy } from '../../compiler/verify/npy.js';
import { loadVectors } from '../../compiler/verify/vectors.js';

const [folder, target] = process.argv.slice(2) as [string, string];
const name = basename(folder);
const archive = join(folder, 'test.npz');
const compilation = await compile(readModelFile(join(folder, `${name}.onnx`)), { target });
const set = await loadVectors(compilation.reference, archive);
const labels = readNpy(unzipSync(readFileSync(archive))['label.npy']!);

const start = performance.now();
const { steps, simulator } = await runModel(compilation, set.vectors);
const seconds = (performance.now() - start) / 1000;

const expected = set.expected ?? [];
const outputs = [...(expected[0]?.keys() ?? [])];
const differing = steps.filter(({ outputs: got }, index) => {
  return outputs.some((output) => !sameBytes(got.get(output)!, expected[index]!.get(output)!));
});
const answers = steps.map(({ outputs: got }) => Number(got.get('digit')!.data[0]));
const right = answers.filter((answer, index) => answer === Number(labels.data[index])).length;

console.log(picture(set.vectors[0]!));
console.log(`The chip says ${answers[0]}; the label is ${labels.data[0]}.\n`);
console.log(`${steps.length} images on ${simulator.name} in ${seconds.toFixed(1)} s, building included`);
console.log(`accuracy ${((100 * right) / steps.length).toFixed(2)} % (${right} of ${steps.length})`);
if (differing.length === 0 && expected.length === steps.length) {
  console.log(`bit-exact: every byte of ${outputs.join(' and ')} is ONNX Runtime's`);
} else {
  console.log(`NOT bit-exact: ${differing.length} of ${steps.length} images differ from ONNX Runtime`);
  process.exitCode = 1;
}

function sameBytes(a: Tensor, b: Tensor): boolean {
  return Buffer.compare(bytesOf(a.data), bytesOf(b.data)) === 0;
}

/** The first input as an image of 8 rows, dark to bright. */
function picture(vector: Vector): string {
  const [pixels] = [...vector.values()].map(({ data }) => Array.from(data as Int8Array, Number));
  const [low, high] = [Math.min(...pixels!), Math.max(...pixels!)];
  const shade = (pixel: number) => ' .:-=+*#%@'[Math.round((9 * (pixel - low)) / (high - low))]!.repeat(2);
  const rows = Array.from({ length: 8 }, (_, row) => pixels!.slice(8 * row, 8 * row + 8));
  return rows.map((row) => `    ${row.map(shade).join('')}`).join('\n');
}
