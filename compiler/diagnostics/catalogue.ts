/** The long form of every diagnostic: pages `catalogue/NCxxxx.md`. The folder is the list of codes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../toolchain/package-root.js';

export interface Page {
  readonly code: string;
  /** First line, without the code. */
  readonly title: string;
  /** Why it comes and what to do, Markdown. */
  readonly body: string;
}

const EXTENSION = '.md';

function folder(): string {
  return join(packageRoot(), 'compiler/diagnostics/catalogue');
}

/** All codes that have a page, ascending. */
export function listCodes(): string[] {
  return readdirSync(folder())
    .filter((name) => name.endsWith(EXTENSION))
    .map((name) => name.slice(0, -EXTENSION.length))
    .sort();
}

/** The page of a code; undefined when there is none. */
export function readPage(code: string): Page | undefined {
  if (!listCodes().includes(code)) return undefined;
  const text = readFileSync(join(folder(), `${code}${EXTENSION}`), 'utf8');
  const match = /^# (NC\d{4}): ([^\n]+)\n\n([\s\S]+)$/.exec(text);
  if (match === null || match[1] !== code)
    throw new Error(`invariant: the page of ${code} does not begin with "# ${code}: title"`);
  return { code, title: match[2]!, body: match[3]!.trimEnd() };
}
