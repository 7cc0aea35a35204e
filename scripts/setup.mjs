/**
 * Sets up what the demo or the tests need and does not touch what is there: `node scripts/setup.mjs demo|test`.
 * Only Node's own modules until `npm ci` has run.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installNodePackages } from './setup/node-packages.mjs';
import { root, runTypeScript } from './support/run.mjs';

/** @returns exit code: 0 when everything is in place, 3 when something is missing */
export async function setUp(purpose) {
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node;
  if (!isAtLeast(process.versions.node, wanted.replace('>=', ''))) {
    console.error(`nanoc needs Node ${wanted}, and this is ${process.versions.node}`);
    return 3;
  }
  if (!(await installNodePackages())) return 3;
  return (await runTypeScript('scripts/setup/system-packages.ts', [purpose], { stdio: 'inherit' })) === 0 ? 0 : 3;
}

function isAtLeast(version, oldest) {
  const [have, want] = [version, oldest].map((text) => text.split('.').map(Number));
  const first = want.findIndex((number, index) => number !== have[index]);
  return first === -1 || have[first] > want[first];
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const purpose = process.argv[2] ?? 'test';
  process.exitCode = await setUp(purpose);
  if (process.exitCode === 0) console.log(`Everything that the ${purpose} needs is installed.`);
}
