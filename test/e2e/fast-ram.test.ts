/** `--fast-ram`: constants that are copied into RAM before main(), within the budget, and the same bytes come out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Report, reportSchema } from '../../compiler/report/schema.js';
import { loadTarget } from '../../compiler/targets.js';
import { type ElfSymbol, readElf } from '../../compiler/toolchain/elf.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { nanoc } from '../support/command-line.js';
import { workFolder } from '../support/work-folder.js';

const work = workFolder();
const bytes = readFileSync(join(packageRoot(), 'examples/digits/digits.onnx'));
/** Apart from its nanoc.json, whose budgets are for one core. */
const modelFile = () => work.write('digits.onnx', bytes);

interface Built {
  readonly report: Report;
  /** Of the model's constants in the linked firmware. */
  readonly constants: readonly ElfSymbol[];
  readonly inRam: readonly ElfSymbol[];
}

async function build(target: string, ...options: string[]): Promise<Built> {
  const output = join(work.path, `${target}${options.join('')}`);
  const { exitCode } = await nanoc(['build', modelFile(), '--target', target, '--output', output, ...options]);
  expect(exitCode).toBe(0);
  const ram = (await loadTarget(target)).memories.find(({ kind }) => kind === 'ram')!;
  const { symbols } = readElf(readFileSync(join(output, 'digits.elf')));
  const constants = symbols.filter(({ name, bytes }) => /^digits_.*(weights|scale|bias|table)/.test(name) && bytes > 0);
  return {
    report: reportSchema.parse(JSON.parse(readFileSync(join(output, 'report.json'), 'utf8'))),
    constants,
    inRam: constants.filter(({ address }) => address >= ram.origin && address < ram.origin + ram.bytes),
  };
}

describe('--fast-ram', () => {
  it.each(['cortex-m4', 'rv32imc'])('%s: the firmware has them in RAM, as the report says', async (target) => {
    const none = await build(target);
    expect(none.inRam).toEqual([]);
    const some = await build(target, '--fast-ram', '2048');
    const { bytes: most, share } = some.report.memory.fast!;
    const linked = some.inRam.reduce((sum, symbol) => sum + symbol.bytes, 0);
    expect(linked).toBeGreaterThan(0);
    expect(linked).toBeLessThanOrEqual(most);
    expect(most).toBeLessThanOrEqual(2048);
    expect(some.inRam.length).toBeLessThan(some.constants.length);
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
    const grown = some.report.measurements!.ram! - none.report.measurements!.ram!;
    expect(grown).toBeGreaterThanOrEqual(linked);
    expect(grown).toBeLessThanOrEqual(most + 16);

    const verified = await nanoc(['verify', modelFile(), '--target', target, '--fast-ram', '2048', '--count', '2']);
    expect(verified.out).toContain('bit-exact');
    expect(verified.exitCode).toBe(0);
  });

  it('takes everything where there is room', async () => {
    const all = await build('cortex-m4', '--fast-ram', '64K');
    expect(all.inRam.length).toBe(all.constants.length);
    expect(all.report.memory.fast!.share).toBe(1);
  });

  it('counts for the budget of RAM', async () => {
    const over = await nanoc([
      'build',
      modelFile(),
      '--target',
      'cortex-m4',
      '--fast-ram',
      '2K',
      '--max-ram',
      '2K',
      '--no-compile',
      '--output',
      join(work.path, 'over'),
    ]);
    expect(over.err).toContain('NC0401');
  });
});
