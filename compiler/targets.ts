import { existsSync, readdirSync } from 'node:fs';
import { fail } from './diagnostics/diagnostic.js';
import { suggestion } from './diagnostics/suggest.js';
import type { SimulatorName, Target } from './ir/target.js';

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
    fail({
      code: 'NC0810',
      message: `there is no target "${name}"`,
      expected: names.join(', '),
      ...suggestion(name, names),
    });
  }
  const module = (await import(new URL(`${name}/target.${extension}`, folder).href)) as { target: Target };
  return module.target;
}

/** The target as programs for the simulator are compiled: with what its model of the chip executes right. */
export function simulatedTarget(target: Target, simulator: SimulatorName | undefined): Target {
  const executes = simulator === 'labwired' ? target.labwired?.executes : undefined;
  if (executes === undefined) return target;
  const { features, machineFlags, compiler = target.toolchain.compiler } = executes;
  return { ...target, features, toolchain: { ...target.toolchain, compiler, machineFlags } };
}
