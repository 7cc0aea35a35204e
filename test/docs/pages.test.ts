/** What the documentation names exists: files, links, npm scripts, nanoc commands; and what is generated is fresh. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readReadme, withSizes } from '../../bench/readme.js';
import { readResults } from '../../bench/results.js';
import { commands } from '../../compiler/cli/commands/index.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { actionsOf } from './walkthrough.js';

const root = packageRoot();
const inFolder = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
const pages = ['README.md', 'CHANGELOG.md', ...['docs', 'targets', 'examples'].flatMap(inFolder)].sort();
const read = (page: string) => readFileSync(join(root, page), 'utf8');

/** Files that the walk-throughs tell the reader to make. */
const created = new Set(
  pages.flatMap((page) => actionsOf(read(page))).flatMap((action) => (action.kind === 'create' ? [action.path] : [])),
);
const isCreated = (path: string) =>
  [...created].some((each) => each === path || each.startsWith(path.replace(/\/?$/, '/')));

/** Code spans that are paths of the repository; those with placeholders or wildcards are not. */
const repositoryPath = /`((?:compiler|docs|targets|templates|runtime-c|test|scripts|bench|examples|\.ci)\/[\w./-]+)`/g;

describe.each(pages)('%s', (page) => {
  const text = read(page);

  it('links to files that exist', () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!);
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });

  it('names files that exist', () => {
    const paths = [...text.matchAll(repositoryPath)].map((match) => match[1]!);
    expect(paths.filter((path) => !existsSync(join(root, path)) && !isCreated(path))).toEqual([]);
  });

  it('names npm scripts and nanoc commands that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1]!);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
    const known = new Set(commands.map(({ name }) => name));
    const used = [...text.matchAll(/(?:npx |`|\$ )nanoc ([a-z]+)/g)].map((match) => match[1]!);
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('README.md', () => {
  it('has the table of sizes and the arena size of bench/results.json', () => {
    expect(readResults()).not.toEqual([]);
    expect(withSizes(readReadme(), readResults())).toBe(readReadme());
  });
});
