import { CompileError, type Diagnostic, EXIT } from '../diagnostics/diagnostic.js';
import type { Memory, Target } from '../ir/target.js';
import { grouped } from '../report/format.js';
import type { Report } from '../report/schema.js';
import { peakText } from './budgets.js';

/**
 * Refuses what cannot fit whatever the C compiler does: better than an overflow that the linker finds.
 * @throws CompileError NC0403, exit code 1
 */
export function checkFits(report: Report, target: Target): void {
  const flash = report.memory.flash.reduce((sum, { bytes }) => sum + bytes, 0);
  const problems = [
    ...tooLarge('RAM', report.memory.contextBytes, sizeOf(target, 'ram'), peakText(report)),
    ...tooLarge('flash', flash, sizeOf(target, 'flash'), 'the constants alone are larger; code comes on top'),
  ];
  if (problems.length > 0) throw new CompileError(problems, EXIT.failed);
}

/**
 * As `checkFits`, for models that share one arena.
 * @throws CompileError NC0403, exit code 1
 */
export function checkCompositeFits(ram: number, reports: readonly Report[], target: Target): void {
  const flash = reports.flatMap(({ memory }) => memory.flash).reduce((sum, { bytes }) => sum + bytes, 0);
  const problems = [
    ...tooLarge('RAM', ram, sizeOf(target, 'ram'), 'the largest arena, and the states of all models'),
    ...tooLarge('flash', flash, sizeOf(target, 'flash'), 'the constants alone are larger; code comes on top'),
  ];
  if (problems.length > 0) throw new CompileError(problems, EXIT.failed);
}

/** Bytes of all memories of a kind; undefined for the host, which declares none. */
function sizeOf(target: Target, kind: Memory['kind']): number | undefined {
  const memories = target.memories.filter((memory) => memory.kind === kind);
  return memories.length === 0 ? undefined : memories.reduce((sum, { bytes }) => sum + bytes, 0);
}

function tooLarge(what: string, needed: number, there: number | undefined, because: string): Diagnostic[] {
  if (there === undefined || needed <= there) return [];
  const message = `the model does not fit: it needs ${grouped(needed)} bytes of ${what}`;
  return [{ code: 'NC0403', severity: 'error', message, expected: `at most ${grouped(there)}`, because }];
}
