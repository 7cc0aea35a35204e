import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { withTemporaryFolder } from './temporary.js';

it('removes the folder after success and after failure', async () => {
  let seen = '';
  const work = (fails: boolean) =>
    withTemporaryFolder('nanoc-test-', async (folder) => {
      seen = folder;
      expect(existsSync(folder)).toBe(true);
      if (fails) throw new Error('no');
      return 5;
    });
  expect(await work(false)).toBe(5);
  expect(existsSync(seen)).toBe(false);
  await expect(work(true)).rejects.toThrow('no');
  expect(existsSync(seen)).toBe(false);
});

it('removes the folder when the process exits in the middle', async () => {
  const module = fileURLToPath(new URL('./temporary.ts', import.meta.url));
  const code = `import { withTemporaryFolder } from ${JSON.stringify(module)};
    void withTemporaryFolder('nanoc-test-', async (folder) => {
      console.log(folder);
      process.exit(3);
    });`;
  const run = await execa(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], { reject: false });
  expect(run.exitCode).toBe(3);
  expect(run.stdout).toMatch(/nanoc-test-/);
  expect(existsSync(run.stdout.trim())).toBe(false);
});
