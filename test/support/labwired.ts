/** Whether tests can use the chip simulator. */
import { spawnSync } from 'node:child_process';
import { labwiredInstall, labwiredPython } from '../../compiler/simulate/labwired.js';

/** False where labwired is not installed, which is said, and never in CI. */
export function hasLabwired(): boolean {
  if (process.env.CI !== undefined) return true;
  const found = spawnSync(labwiredPython(), ['-c', 'import labwired'], { stdio: 'ignore' }).status === 0;
  if (!found) console.warn(`skipped: tests on chips in labwired, which is not installed: ${labwiredInstall}`);
  return found;
}
