/** Counting what passed and failed, for the closing line of `npm test`. */
import { existsSync, readFileSync } from 'node:fs';

/** One external check, such as tsc, counts as one test. */
export function tallyOfCheck(exitCode) {
  return exitCode === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/**
 * Vitest's own count from its JSON report. A test file that cannot be loaded counts as one failure; so do a crash of the runner,
 * an error outside any test, and a run in which no test was executed.
 */
export function tallyOfVitest(reportPath, exitCode) {
  if (!existsSync(reportPath)) return { passed: 0, failed: 1, skipped: 0 };
  const { testResults, numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(reportPath, 'utf8'));
  const unloaded = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const failed = numFailedTests + unloaded.length;
  const unexplained = failed === 0 && (exitCode !== 0 || numPassedTests === 0) ? 1 : 0;
  return { passed: numPassedTests, failed: failed + unexplained, skipped: numPendingTests };
}

/** `N passed, N failed`, and `, N skipped` when there are some. */
export function closingLine(tallies) {
  const sum = (key) => tallies.reduce((total, tally) => total + tally[key], 0);
  const skipped = sum('skipped') === 0 ? '' : `, ${sum('skipped')} skipped`;
  return { text: `${sum('passed')} passed, ${sum('failed')} failed${skipped}`, good: sum('failed') === 0 };
}
