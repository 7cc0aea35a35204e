import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { afterAll, expect, it } from 'vitest';
import { stackBound } from './stack.js';

const folder = mkdtempSync(join(tmpdir(), 'nanoc-stack-'));
afterAll(() => rmSync(folder, { recursive: true }));

const source = `
__attribute__((noinline)) int leaf(volatile int *p) { volatile int big[64]; big[*p] = 1; return big[0]; }
__attribute__((noinline)) int middle(volatile int *p) { return leaf(p) + 1; }
int again(volatile int *p) { return *p > 0 ? again(p) * 3 + leaf(p) + again(p) : 0; }
int pointer(int (*f)(void)) { return f() + 1; }
`;

it('adds the frames of the deepest path and says what it cannot bound', () => {
  execaSync(
    'arm-none-eabi-gcc',
    ['-mcpu=cortex-m4', '-mthumb', '-O1', '-fcallgraph-info=su', '-xc', '-c', '-', '-o', join(folder, 'a.o')],
    {
      input: source,
      cwd: folder,
    },
  );
  const graph = readFileSync(join(folder, 'a.ci'), 'utf8');
  const leaf = stackBound([graph], 'leaf');
  const middle = stackBound([graph], 'middle');
  if (!('bytes' in leaf) || !('bytes' in middle)) throw new Error(JSON.stringify({ leaf, middle, graph }));
  expect(leaf.bytes).toBeGreaterThanOrEqual(256);
  expect(middle.bytes).toBeGreaterThan(leaf.bytes);
  expect(stackBound([graph], 'again')).toEqual({ notBounded: 'recursion through again' });
  expect(stackBound([graph], 'pointer')).toEqual({ notBounded: 'indirect call in pointer' });
});
