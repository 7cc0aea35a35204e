import { existsSync, readdirSync } from 'node:fs';
import { fail } from './diagnostics/diagnostic.js';
import type { Target } from './ir/target.js';

const folder = new URL('../targets/', import.meta.url);
/** `.ts` from source, `.js` in the installed package. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** Names of the folders in targets/ that hold a target, sorted. */
export function listTargets(): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/target.${extension}`, folder)))
    .map((entry) => entry.name)
    .sort();
}

/**
 * The target of this name.
 * @throws CompileError NC0810 with the nearest name, when there is no such target
 */
export async function loadTarget(name: string): Promise<Target> {
  const names = listTargets();
  if (!names.includes(name)) {
    const nearest = names
      .map((each) => ({ each, distance: editDistance(name, each) }))
      .sort((a, b) => a.distance - b.distance)[0];
    fail({
      code: 'NC0810',
      message: `there is no target "${name}"`,
      expected: names.join(', '),
      ...(nearest !== undefined && nearest.distance <= 3 ? { help: `did you mean "${nearest.each}"?` } : {}),
    });
  }
  const module = (await import(new URL(`${name}/target.${extension}`, folder).href)) as { target: Target };
  return module.target;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
