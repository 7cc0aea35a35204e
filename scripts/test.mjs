/**
 * `npm test`: sets up what is missing, then types, lint and format, and all tests; `--full` adds the slow sweeps.
 * The last line is `N passed, N failed` over all parts; exit code 1 when anything failed.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setUp } from './setup.mjs';
import { bold, green, red, root, run } from './support/run.mjs';

const full = process.argv.includes('--full');
const reports = mkdtempSync(join(tmpdir(), 'nanoc-test-'));
process.on('exit', () => rmSync(reports, { recursive: true, force: true }));

/** One external check counts as one test. */
async function check(name, packageName, binary, args) {
  console.log(bold(`\n${name}`));
  const code = await run(process.execPath, [binaryOf(packageName, binary), ...args]);
  console.log(code === 0 ? green(`${name}: passed`) : red(`${name}: failed (exit code ${code})`));
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

function binaryOf(packageName, binary) {
  const folder = join(root, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[binary]);
}

/** Vitest counts its own tests; a test file that cannot be loaded, and a crash of the runner, count as one failure each. */
async function unitTests() {
  console.log(bold(full ? '\ntests, with the slow sweeps' : '\ntests'));
  const report = join(reports, 'vitest.json');
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const env = { ...process.env, ...(full ? { NANOC_FULL: '1' } : {}) };
  const code = await run(process.execPath, [binaryOf('vitest', 'vitest'), ...args], { env });
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(report, 'utf8'));
  const unloaded = result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const failed = result.numFailedTests + unloaded.length;
  const unexplained = failed === 0 && (code !== 0 || result.numPassedTests === 0) ? 1 : 0;
  return { passed: result.numPassedTests, failed: failed + unexplained, skipped: result.numPendingTests };
}

const code = await setUp('test');
if (code !== 0) process.exit(code);

const parts = [
  await check('types (tsc)', 'typescript', 'tsc', ['--noEmit']),
  await check('lint and format (biome)', '@biomejs/biome', 'biome', ['check', '.']),
  await unitTests(),
];
const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
const skipped = sum('skipped') === 0 ? '' : `, ${sum('skipped')} skipped`;
process.exitCode = sum('failed') === 0 ? 0 : 1;
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped}`);
