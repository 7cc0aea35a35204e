/** The table of sizes in README.md is made from bench/results.json: `npm run bench` rewrites it, a test checks that it is fresh. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../compiler/toolchain/package-root.js';
import { group } from './compare.js';
import type { Result } from './results.js';

const begin = '<!-- sizes: made by `npm run bench` from bench/results.json -->';
const end = '<!-- end of sizes -->';
const readmePath = join(packageRoot(), 'README.md');

const titles = [
  'model',
  'MACs',
  'instructions',
  'a MAC',
  'arena',
  'lower bound',
  'RAM',
  'flash',
  'of it code',
  'stack',
  'bit-exact on',
];

/** Markdown: one row a model, figures of the Cortex-M4; the last column counts the targets that verify was exact on. */
export function sizesTable(results: readonly Result[]): string {
  const chosen = results.filter(({ kernels, optimize }) => kernels === 'auto' && optimize === 'balanced');
  const rows = chosen
    .filter(({ target }) => target === 'cortex-m4')
    .map((result) => {
      const all = chosen.filter(({ model }) => model === result.model);
      const { macs, instructions, arena, lowerBound, ram, flash, code, stack } = result;
      const perMac = macs === 0 ? '' : (instructions / macs).toFixed(2);
      const sizes = [arena, lowerBound, ram, flash, code, stack].map(group);
      const exact = `${all.filter((each) => each.exact).length} of ${all.length} targets`;
      return [`\`${result.model}\``, group(macs), group(instructions), perMac, ...sizes, exact];
    });
  const rule = titles.map((_, index) => (index === 0 ? '---' : '--:'));
  return [titles, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The model whose arena the first line of the README names. */
const headline = { model: 'mlperf-tiny/kws_dscnn_int8', target: 'cortex-m4' };
const headlineArena = /needs [\d,]+ bytes/;

/**
 * @returns the text with the table between its two marks and the number in the first line replaced
 * @throws Error when the marks or the number are missing
 */
export function withSizes(readme: string, results: readonly Result[]): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error('README.md has lost the marks round its table of sizes');
  const kws = results.find(({ model, target }) => model === headline.model && target === headline.target);
  const [, , first = ''] = readme.split('\n');
  if (!headlineArena.test(first)) throw new Error('the first line of README.md has lost the number of bytes');
  const before = readme.slice(0, from).replace(headlineArena, (old) => (kws ? `needs ${group(kws.arena)} bytes` : old));
  return `${before}${begin}\n${sizesTable(results)}\n${readme.slice(to)}`;
}

export function readReadme(): string {
  return readFileSync(readmePath, 'utf8');
}

export function updateReadme(results: readonly Result[]): void {
  writeFileSync(readmePath, withSizes(readReadme(), results));
}
