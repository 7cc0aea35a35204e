/** examples/doorbell: a wake word that wakes the vision model, both in one arena: proven together, its firmware, its RAM. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { compileComposite, resolveComposite } from '../../compiler/cli/composite-job.js';
import { type Composite, compositeMemory } from '../../compiler/composite/composite.js';
import { emitHost } from '../../compiler/emit-host.js';
import { bytesOf } from '../../compiler/ir/tensor.js';
import { emitComposite } from '../../compiler/phases/6-emit/index.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { verifyComposite } from '../../compiler/verify/composite.js';
import { readNpy } from '../../compiler/verify/npy.js';
import { defaultVectors } from '../../compiler/verify/vectors.js';
import { nanoc, recordingTerminal } from '../support/command-line.js';
import { workFolder } from '../support/work-folder.js';
import { HOW_TO_UPDATE, readPart, UPDATE, writePart } from './expected.js';
import { HAS_CMAKE, runGenerated } from './firmware.js';

const folder = join(packageRoot(), 'examples/doorbell');
const readme = join(folder, 'README.md');
/** Windows of the wake word's test set that the microphone hears. */
const WINDOWS = [1, 0, 2, 4, 3, 5];

async function doorbell(): Promise<Composite> {
  const session = { terminal: recordingTerminal().terminal, json: false, quiet: true };
  const job = await resolveComposite(session, [folder], {});
  return compileComposite(session, job!, job!.targets[0]!, 'off');
}

/** Arrays of test.npz by name. */
const testSet = () => unzipSync(readFileSync(join(packageRoot(), 'examples/wake-word/test.npz')));

describe('example doorbell', () => {
  const work = workFolder();

  it("has a microphone that hears windows of the wake word's test set", () => {
    const { data, shape } = readNpy(testSet()['input.npy']!);
    const size = shape.slice(1).reduce((product, n) => product * n, 1);
    const windows = WINDOWS.map((at) => Buffer.from(bytesOf(data)).subarray(at * size, (at + 1) * size));
    if (UPDATE) writeFileSync(join(folder, 'recording.bin'), Buffer.concat(windows));
    expect(Buffer.compare(readFileSync(join(folder, 'recording.bin')), Buffer.concat(windows)), HOW_TO_UPDATE).toBe(0);
  });

  it('builds within its budgets, in less RAM than its models apart', async () => {
    const { exitCode, out } = await nanoc(['build', folder, '--output', join(work.path, 'doorbell'), '--json']);
    expect(exitCode).toBe(0);
    const [{ arena, ram, flash, alone }] = JSON.parse(out).builds;
    expect(ram).toBeLessThan(0.6 * alone.ram);
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
    const { data } = readNpy(testSet()['label.npy']!);
    const heard = [...serial.matchAll(/^window \d: (wake word|nothing)/gm)].map(([, what]) => what === 'wake word');
    expect(heard).toEqual(WINDOWS.map((at) => Number(data[at]) === 1));
    expect([...serial.matchAll(/sees (a|no) face/g)].map(([, what]) => what)).toEqual(['a', 'no']);
    expect(serial).toContain(`one arena of ${compositeMemory(composite).arena} bytes`);
    const part = `\`\`\`text\n${serial}\`\`\`\n`;
    if (UPDATE) writePart(readme, 'output', part);
    expect(readPart(readme, 'output'), HOW_TO_UPDATE).toBe(part);
  });
});
