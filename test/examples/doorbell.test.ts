/** examples/doorbell: a wake word that wakes the vision model, both in one arena: proven together, its firmware, its RAM. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileComposite, resolveComposite } from '../../compiler/cli/composite-job.js';
import type { Composite } from '../../compiler/composite/composite.js';
import { emitHost } from '../../compiler/emit-host.js';
import { emitComposite } from '../../compiler/phases/6-emit/index.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { verifyComposite } from '../../compiler/verify/composite.js';
import { defaultVectors } from '../../compiler/verify/vectors.js';
import { nanoc, recordingTerminal } from '../support/command-line.js';
import { workFolder } from '../support/work-folder.js';
import { HOW_TO_UPDATE, readPart, UPDATE, writePart } from './expected.js';
import { HAS_CMAKE, runGenerated } from './firmware.js';

const folder = join(packageRoot(), 'examples/doorbell');
const readme = join(folder, 'README.md');

async function doorbell(): Promise<Composite> {
  const session = { terminal: recordingTerminal().terminal, json: false, quiet: true };
  const job = await resolveComposite(session, [folder], {});
  return compileComposite(session, job!, job!.targets[0]!, 'off');
}

describe('example doorbell', () => {
  const work = workFolder();

  it('builds within its budgets, in less RAM than its models apart', async () => {
    const { exitCode, out } = await nanoc(['build', folder, '--output', join(work.path, 'doorbell'), '--json']);
    expect(exitCode).toBe(0);
    const [{ arena, ram, flash, alone }] = JSON.parse(out).builds;
    // The smaller arena is saved, but for the places that alignment takes.
    expect(alone.ram - ram).toBeGreaterThan(alone.arena - arena - 16);
    const number = (n: number) => n.toLocaleString('en-US');
    const part = [
      '| | arena | RAM | flash |',
      '| --- | --: | --: | --: |',
      `| each by itself, sum | ${number(alone.arena)} | ${number(alone.ram)} | ${number(alone.flash)} |`,
      `| together | ${number(arena)} | ${number(ram)} | ${number(flash)} |`,
      '',
    ].join('\n');
    if (UPDATE) writePart(readme, 'memory', part);
    expect(readPart(readme, 'memory'), HOW_TO_UPDATE).toBe(part);
  });

  it('is proven: neither model changes what the other gives', async () => {
    const composite = await doorbell();
    const sets = composite.models.map(({ reference }) => defaultVectors(reference, { count: 12, seed: 1 }));
    expect(await verifyComposite(composite, sets)).toEqual({ passed: true, runs: 24, changes: expect.any(Number) });
  });

  it.skipIf(!HAS_CMAKE)('has a firmware that wakes at the wake word only, and sees who is there', async () => {
    const composite = await doorbell();
    const files = emitComposite(composite, emitHost());
    const { build, serial } = await runGenerated(folder, 'doorbell_demo', composite.target, files);
    expect(build).not.toMatch(/warning/i);
    const woken = [...serial.matchAll(/^ *([\d.]+) s: hey nano; the camera sees (a|no) face$/gm)];
    expect(woken.map(([, , what]) => what)).toEqual(['a', 'no']);
    // When examples/wake-word hears the two.
    expect(woken.map(([, seconds]) => seconds)).toEqual(['2.56', '7.36']);
    const part = `\`\`\`text\n${serial}\`\`\`\n`;
    if (UPDATE) writePart(readme, 'output', part);
    expect(readPart(readme, 'output'), HOW_TO_UPDATE).toBe(part);
  });
});
