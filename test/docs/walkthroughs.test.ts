import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { actionsOf, carryOut, copyRepository } from './walkthrough.js';

const root = mkdtempSync(join(tmpdir(), 'nanoc-walkthrough-'));
afterAll(() => rmSync(root, { recursive: true }));

describe('following the documentation literally', () => {
  it.each(['ADDING-AN-OPERATOR.md', 'ADDING-A-PASS.md', 'ADDING-A-TARGET.md'])('%s works', async (page) => {
    const folder = mkdtempSync(join(root, 'copy-'));
    const text = readFileSync(join(packageRoot(), 'docs', page), 'utf8');
    copyRepository(folder, text);
    const actions = actionsOf(text);
    expect(actions.filter(({ kind }) => kind === 'create').length).toBeGreaterThan(1);
    expect(actions.filter(({ kind }) => kind === 'shell').length).toBeGreaterThan(0);
    for (const action of actions) await carryOut(action, folder);
  });

  it('notices a command that fails and an anchor that is gone', async () => {
    const text = 'Add to `a.ts` after `nothing like it`:\n\n```ts\nx\n```\n\n```sh\nfalse\n```\n';
    const [insert, shell] = actionsOf(`Create \`a.ts\`:\n\n\`\`\`ts\n1;\n\`\`\`\n\n${text}`).slice(1);
    await carryOut({ kind: 'create', path: 'a.ts', text: '1;\n' }, root);
    await expect(carryOut(insert!, root)).rejects.toThrow('has no line: nothing like it');
    await expect(carryOut(shell!, root)).rejects.toThrow('exit code 1');
  });
});
