/**
 * `npm run fuzz -- --from N --count M`: a range of seeds. `npm run fuzz -- --seed N`: one; with `--keep NAME` its failure is
 * reduced and written to test/regress/NAME.
 */
import { parseArgs } from 'node:util';
import { type FuzzFailure, fuzz } from './fuzz.js';
import { generateModel } from './generate.js';
import { keep } from './reduce.js';
import { tallyLines, totalOf } from './tally.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    from: { type: 'string', default: '1' },
    count: { type: 'string', default: '300' },
    batch: { type: 'string', default: '40' },
    keep: { type: 'string' },
  },
});
const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.count) : 1;
if (values.seed !== undefined) console.log(`seed ${first}: ${generateModel(first).operators.join(' ')}`);

const begin = performance.now();
const report = ({ seed, stage, message }: FuzzFailure) =>
  console.log(`seed ${seed}, ${stage}: ${message}\n  npm run fuzz -- --seed ${seed}`);
const summary = await fuzz(first, count, {
  batch: Number(values.batch),
  onFailure: report,
  onProgress: (done) => {
    const seconds = (performance.now() - begin) / 1000;
    console.log(`${done} of ${count} graphs, ${seconds.toFixed(0)} s`);
  },
});
if (values.keep !== undefined && summary.failures.length > 0) {
  console.log(`reduced to ${await keep(values.keep, summary.failures[0]!)}`);
}
for (const [seed, reason] of summary.refused) console.log(`seed ${seed}: ${reason}`);
console.log(`\n${tallyLines(summary.tally).join('\n')}`);
const { elements, differing } = totalOf(summary.tally);
console.log(
  `\n${summary.graphs} graphs, ${summary.failures.length} failures, ${summary.refused.size} not run by ONNX Runtime; ` +
    `${differing} of ${elements} integers on the other side of a tie`,
);
process.exitCode = summary.failures.length === 0 ? 0 : 1;
