/** The targets whose simulator tests run here. */
import { spawnSync } from 'node:child_process';
import type { Target } from '../../compiler/ir/target.js';
import { hasTools, isOfVendor } from '../../compiler/simulate/proof.js';
import { listTargets, loadTarget } from '../../compiler/targets.js';
import { toolPath } from '../../compiler/toolchain/kit.js';

/** Cores with a simulator that counts, by name; chips share a core's code and machine, and are not among them; an optional one whose tools are missing is left out, which is said, and never in CI; one whose tools are a vendor's own is there where they are. */
export async function simulatedTargets(): Promise<string[]> {
  const targets = await Promise.all(listTargets().map(loadTarget));
  const cores = targets.filter(({ qemu, core }) => qemu !== undefined && core === undefined);
  const here = await Promise.all(cores.map((target) => (isOfVendor(target) ? hasTools(target) : isUsable(target))));
  return cores.filter((_, i) => here[i]).map(({ name }) => name);
}

function isUsable({ name, toolchain, qemu, optionalInTests }: Target): boolean {
  if (optionalInTests !== true || process.env.CI !== undefined) return true;
  const missing = [toolPath(toolchain, toolchain.compiler), qemu!.command].filter(
    (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).error !== undefined,
  );
  if (missing.length > 0)
    console.warn(`skipped: tests of ${name} in its simulator; ${missing.join(' and ')} not installed`);
  return missing.length === 0;
}
