import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
// @ts-expect-error: the script is plain JavaScript, since it runs before any package is installed
import { closingLine, tallyOfCheck, tallyOfVitest } from '../../scripts/support/tally.mjs';

const root = mkdtempSync(join(tmpdir(), 'nanoc-tally-'));
afterAll(() => rmSync(root, { recursive: true }));

function vitest(exitCode: number, counts: object, files: readonly object[] = []) {
  const path = join(root, 'report.json');
  const none = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
  writeFileSync(path, JSON.stringify({ ...none, ...counts, testResults: files }));
  return tallyOfVitest(path, exitCode);
}

describe('the count of npm test', () => {
  it('takes the counts of Vitest', () => {
    const counts = { numPassedTests: 7, numFailedTests: 2, numPendingTests: 1 };
    expect(vitest(1, counts)).toEqual({ passed: 7, failed: 2, skipped: 1 });
  });

  it('counts a test file that cannot be loaded', () => {
    const files = [
      { status: 'failed', assertionResults: [] },
      { status: 'failed', assertionResults: [{}] },
    ];
    expect(vitest(1, { numPassedTests: 3, numFailedTests: 1 }, files)).toEqual({ passed: 3, failed: 2, skipped: 0 });
  });

  it('counts a crash, an error outside the tests, and a run without tests', () => {
    expect(tallyOfVitest(join(root, 'no such report'), 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(vitest(1, { numPassedTests: 3 })).toEqual({ passed: 3, failed: 1, skipped: 0 });
    expect(vitest(0, {})).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('closes with one line over all parts', () => {
    const tallies = [tallyOfCheck(0), tallyOfCheck(2), { passed: 10, failed: 0, skipped: 0 }];
    expect(closingLine(tallies)).toEqual({ text: '11 passed, 1 failed', good: false });
    const skipping = [{ passed: 1, failed: 0, skipped: 2 }];
    expect(closingLine(skipping)).toEqual({ text: '1 passed, 0 failed, 2 skipped', good: true });
  });
});
