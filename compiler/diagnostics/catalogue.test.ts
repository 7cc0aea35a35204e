import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../toolchain/package-root.js';
import { listCodes, readPage } from './catalogue.js';

/** Codes that appear as string literals in the sources, with the file of the first use. */
function usedCodes(): Map<string, string> {
  const used = new Map<string, string>();
  for (const folder of ['compiler', 'targets']) {
    for (const file of readdirSync(join(packageRoot(), folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
      const text = readFileSync(join(packageRoot(), folder, file), 'utf8');
      for (const [, code] of text.matchAll(/['"`](NC\d{4})['"`]/g))
        if (!used.has(code!)) used.set(code!, `${folder}/${file}`);
    }
  }
  return used;
}

describe('the catalogue of diagnostics', () => {
  const used = usedCodes();

  it('finds the codes of the sources', () => {
    expect(used.size).toBeGreaterThan(30);
    expect(used.get('NC0205')).toBe('compiler/phases/2-check/index.ts');
  });

  it('has a page for every code that is used, and no other', () => {
    expect(listCodes()).toEqual([...used.keys()].sort());
  });

  it.each(listCodes())('%s has a title of one line and says what to do', (code) => {
    const page = readPage(code)!;
    expect(page.code).toBe(code);
    expect(page.title).toMatch(/^[a-z`-].*[^.]$/);
    expect(page.body.length).toBeGreaterThan(40);
  });

  it('knows no page that is not there', () => {
    expect(readPage('NC9999')).toBeUndefined();
    expect(readPage('../NC0101')).toBeUndefined();
  });
});
