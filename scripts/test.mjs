/**
 * `npm test`: sets up what is missing, then types, lint and format, and all tests; `--full` adds the slow sweeps.
 * The last line is `N passed, N failed` over all parts; exit code 1 when anything failed.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setUp } from './setup.mjs';
import { bold, green, red, root, run } from './support/run.mjs';
import { closingLine, tallyOfCheck, tallyOfVitest } from './support/tally.mjs';

const full = process.argv.includes('--full');
const reports = mkdtempSync(join(tmpdir(), 'nanoc-test-'));
process.on('exit', () => rmSync(reports, { recursive: true, force: true }));

async function check(name, packageName, binary, args) {
  console.log(bold(`\n${name}`));
  const code = await run(process.execPath, [binaryOf(packageName, binary), ...args]);
  console.log(code === 0 ? green(`${name}: passed`) : red(`${name}: failed (exit code ${code})`));
  return tallyOfCheck(code);
}

function binaryOf(packageName, binary) {
  const folder = join(root, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[binary]);
}

/** Minutes after which the quick tests are stopped: code that loops for ever is out of reach of a test's own time limit. */
const LIMIT = 60;

async function tests() {
  console.log(bold(full ? '\ntests, with the slow sweeps' : '\ntests'));
  const report = join(reports, 'vitest.json');
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const options = full
    ? { env: { ...process.env, NANOC_FULL: '1' } }
    : { timeout: LIMIT * 60_000, killSignal: 'SIGKILL' };
  const start = Date.now();
  const code = await run(process.execPath, [binaryOf('vitest', 'vitest'), ...args], options);
  if (!full && Date.now() - start >= LIMIT * 60_000)
    console.log(red(`stopped after ${LIMIT} minutes: the test file that is missing above did not end`));
  return tallyOfVitest(report, code);
}

const code = await setUp('test');
if (code !== 0) process.exit(code);

const { text, good } = closingLine([
  await check('types (tsc)', 'typescript', 'tsc', ['--noEmit']),
  await check('lint and format (biome)', '@biomejs/biome', 'biome', ['check', '.']),
  await tests(),
]);
process.exitCode = good ? 0 : 1;
console.log(`\n${text}`);
