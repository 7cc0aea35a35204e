/** Carries out a page of docs/ literally: the files that it creates, the lines that it adds, the commands that it gives. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../compiler/toolchain/package-root.js';

export type Action =
  | { readonly kind: 'create'; readonly path: string; readonly text: string }
  | {
      readonly kind: 'insert';
      readonly path: string;
      readonly where: 'after' | 'before';
      readonly anchor: string;
      readonly text: string;
    }
  | { readonly kind: 'shell'; readonly text: string };

const fence = /^```(\w+)\n([\s\S]*?)^```$/gm;
const create = /Create `([^`]+)`:\s*$/;
const insert = /Add to `([^`]+)` (after|before) `([^`]+)`:\s*$/;

/** A fenced block belongs to the sentence before it; `sh` blocks are commands; other blocks are illustrations. */
export function actionsOf(markdown: string): readonly Action[] {
  return [...markdown.matchAll(fence)].flatMap((match): Action[] => {
    const before = markdown.slice(0, match.index).trimEnd();
    const text = match[2]!;
    if (match[1] === 'sh') return [{ kind: 'shell', text }];
    const created = create.exec(before);
    if (created !== null) return [{ kind: 'create', path: created[1]!, text }];
    const inserted = insert.exec(before);
    if (inserted === null) return [];
    const [, path, where, anchor] = inserted as unknown as [string, string, 'after' | 'before', string];
    return [{ kind: 'insert', path, where, anchor, text }];
  });
}

const copied = [
  ...['compiler', 'runtime-c', 'targets', 'templates', 'examples', 'scripts', 'bench', 'docs', 'test/support'],
  ...['package.json', 'tsconfig.json', 'vitest.config.ts', 'biome.json', 'README.md', 'CHANGELOG.md'],
];

/** A copy of the repository in `folder`, with the installed packages linked in; of its tests only those that `page` names. */
export function copyRepository(folder: string, page: string): void {
  const filter = (path: string) => !path.endsWith('.test.ts') || page.includes(relative(packageRoot(), path));
  for (const path of copied) cpSync(join(packageRoot(), path), join(folder, path), { recursive: true, filter });
  symlinkSync(join(packageRoot(), 'node_modules'), join(folder, 'node_modules'));
}

/** @throws Error when an anchor is not there, or a command fails, with what it printed */
export async function carryOut(action: Action, folder: string): Promise<void> {
  switch (action.kind) {
    case 'create':
      mkdirSync(dirname(join(folder, action.path)), { recursive: true });
      writeFileSync(join(folder, action.path), action.text);
      return;
    case 'insert':
      insertLines(action, join(folder, action.path));
      return;
    case 'shell':
      await runShell(action.text, folder);
  }
}

function insertLines({ where, anchor, text }: Action & { kind: 'insert' }, path: string): void {
  const lines = readFileSync(path, 'utf8').split('\n');
  const index = lines.findIndex((line) => line.trim() === anchor);
  if (index < 0) throw new Error(`${path} has no line: ${anchor}`);
  lines.splice(where === 'after' ? index + 1 : index, 0, text.trimEnd());
  writeFileSync(path, lines.join('\n'));
}

async function runShell(text: string, folder: string): Promise<void> {
  const env = { PATH: `${join(folder, 'node_modules/.bin')}:${process.env.PATH}` };
  const run = await execa('bash', ['-e', '-o', 'pipefail', '-c', text], { cwd: folder, env, all: true, reject: false });
  if (run.failed) throw new Error(`${text}\nended with exit code ${run.exitCode}:\n${run.all}`);
}
