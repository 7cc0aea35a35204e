import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { nanoc } from '../../test/support/command-line.js';
import { smallModel, smallModelBytes } from '../../test/support/small-model.js';
import type { OperatorDefinition } from '../ops/define.js';
import { layersFor, readTuneTable, sha256, type TuneRun, tuneTableSchema, withRun } from './tune-table.js';

/** Conv with portable kernels first, the fast ones behind them. */
vi.mock('../ops/index.js', async (original) => {
  const order = ['portable', 'native'];
  const actual = await original<typeof import('../ops/index.js')>();
  const turned = (operator: OperatorDefinition): OperatorDefinition =>
    operator.name === 'Conv'
      ? {
          ...operator,
          kernels: operator.kernels!.toSorted((a, b) => order.indexOf(a.family) - order.indexOf(b.family)),
        }
      : operator;
  return {
    ...actual,
    operatorOf: (...args: Parameters<typeof actual.operatorOf>) => turned(actual.operatorOf(...args)),
  };
});

const folder = mkdtempSync(join(tmpdir(), 'nanoc-tune-'));
afterAll(() => rmSync(folder, { recursive: true }));

const model = join(folder, 'small.onnx');
writeFileSync(model, smallModelBytes());
const at = { cwd: folder };
const SLOW_MS = 120_000;
const kernelsOf = async (...options: string[]) => {
  const { out, err, exitCode } = await nanoc(['build', model, '--no-compile', '--force', '--json', ...options], at);
  expect(err).toBe('');
  expect(exitCode).toBe(0);
  return JSON.parse(out).builds[0].report.layers.filter(({ op }: { op: string }) => op === 'Conv');
};

describe('nanoc tune', () => {
  it('finds that the second kernel of a list is faster, and later builds take it', { timeout: SLOW_MS }, async () => {
    const options = ['--target', 'cortex-m4'];
    expect((await kernelsOf(...options))[0].family).toBe('portable');

    const tuned = await nanoc(['tune', model, ...options], at);
    expect(tuned).toMatchObject({ exitCode: 0, err: '' });
    expect(tuned.out).toContain('conv_dsp');
    const table = readTuneTable(join(folder, 'small.tune.json'))!;
    const [layer] = table.runs[0]!.layers;
    const [first, second] = layer!.candidates;
    expect(second!.instructions).toBeLessThan(first!.instructions);
    expect(layer!.kernel).toBe(layer!.candidates.toSorted((a, b) => a.instructions - b.instructions)[0]!.kernel);

    const [conv] = await kernelsOf(...options);
    expect(conv.family).toBe('native');
    expect(conv.remarks.join()).toContain(`tuned: ${layer!.kernel}, measured at`);
    // Other options were not measured, and --no-tune leaves the table out.
    expect((await kernelsOf(...options, '--optimize', 'speed'))[0].family).toBe('portable');
    expect((await kernelsOf(...options, '--no-tune'))[0].family).toBe('portable');
  });

  it('measures nothing a second time, and measures again what was lost', { timeout: SLOW_MS }, async () => {
    const before = readFileSync(join(folder, 'small.tune.json'), 'utf8');
    const again = await nanoc(['tune', model, '--target', 'cortex-m4'], at);
    const [, programs, known] = / (\d+) programs, (\d+) of them known/.exec(again.out)!;
    expect(known).toBe(programs);
    const cache = join(folder, 'build/tune');
    rmSync(join(cache, readdirSync(cache)[0]!));
    const resumed = await nanoc(['tune', model, '--target', 'cortex-m4'], at);
    expect(resumed.out).toContain(`${programs} programs, ${Number(programs) - 1} of them known`);
    expect(readFileSync(join(folder, 'small.tune.json'), 'utf8')).toBe(before);
  });

  it('leaves out the table of another model with a warning, and refuses one that was named', async () => {
    const other = join(folder, 'other.onnx');
    writeFileSync(
      other,
      smallModelBytes({
        initializers: smallModel.initializers!.map((each) =>
          each.name === 'b' ? { ...each, tensor: { ...each.tensor, data: Int32Array.of(1, 2, 3) } } : each,
        ),
      }),
    );
    writeFileSync(join(folder, 'other.tune.json'), readFileSync(join(folder, 'small.tune.json')));
    const found = await nanoc(['plan', other, '--target', 'cortex-m4'], at);
    expect(found).toMatchObject({ exitCode: 0, err: expect.stringContaining('warning[NC0807]') });
    const named = await nanoc(['plan', other, '--target', 'cortex-m4', '--tune', 'small.tune.json'], at);
    expect(named).toMatchObject({ exitCode: 2, err: expect.stringContaining('error[NC0807]') });
    writeFileSync(join(folder, 'bad.json'), '{"schemaVersion": 1}');
    const bad = await nanoc(['plan', model, '--target', 'cortex-m4', '--tune', 'bad.json'], at);
    expect(bad.err).toMatch(/NC0807.*bad.json is no table[\s\S]*modelSha256/);
  });

  it('needs a target that counts', async () => {
    const host = await nanoc(['tune', model, '--target', 'host'], at);
    expect(host).toMatchObject({ exitCode: 2, err: expect.stringContaining('error[NC0808]') });
  });
});

describe('the table', () => {
  const run: TuneRun = { target: 'b', kernels: 'auto', optimize: 'balanced', tools: 'gcc', layers: [] };
  const model1 = sha256('1');

  it('keeps runs of other targets and drops those of another model', () => {
    const both = withRun(withRun(undefined, model1, run), model1, { ...run, target: 'a' });
    expect(both.runs.map(({ target }) => target)).toEqual(['a', 'b']);
    expect(withRun(both, model1, { ...run, tools: 'clang' }).runs.map(({ tools }) => tools)).toEqual(['gcc', 'clang']);
    expect(withRun(both, sha256('2'), run).runs).toEqual([run]);
    expect(tuneTableSchema.parse(both)).toEqual(both);
  });

  it('is found with defaults filled in', () => {
    const layers = [{ output: 'y', kernel: 'k', candidates: [{ kernel: 'k', instructions: 1 }] }];
    const table = withRun(undefined, model1, { ...run, layers });
    expect(layersFor(table, { target: 'b' })).toEqual(layers);
    expect(layersFor(table, { target: 'b', optimize: 'size' })).toEqual([]);
  });
});
