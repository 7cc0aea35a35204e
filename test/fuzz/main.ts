/** `npm run fuzz -- --seed N`: one seed in full. `npm run fuzz -- --from N --count M`: a range, for as long as it takes. */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.js';
import { generateModel } from './generate.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    from: { type: 'string', default: '1' },
    count: { type: 'string', default: '300' },
    batch: { type: 'string', default: '40' },
  },
});
const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.count) : 1;
if (values.seed !== undefined) console.log(`seed ${first}: ${generateModel(first).operators.join(' ')}`);

const begin = performance.now();
const summary = await fuzz(first, count, {
  batch: Number(values.batch),
  onProgress: (done) => {
    const seconds = (performance.now() - begin) / 1000;
    console.log(`${done} of ${count} graphs, ${seconds.toFixed(0)} s`);
  },
});
for (const { seed, stage, message } of summary.failures) {
  console.log(`\nseed ${seed}, ${stage}: ${message}\n  npm run fuzz -- --seed ${seed}`);
}
for (const [seed, reason] of summary.refused) console.log(`seed ${seed}: ${reason}`);
console.log(
  `\n${summary.graphs} graphs, ${summary.failures.length} failures, ${summary.refused.size} not run by ONNX Runtime; ` +
    `${summary.explained} of ${summary.elements} integers on the other side of a tie`,
);
process.exitCode = summary.failures.length === 0 ? 0 : 1;
