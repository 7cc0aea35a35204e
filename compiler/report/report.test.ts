import { beforeAll, describe, expect, it } from 'vitest';
import { branchModel, streamModel } from '../../test/support/quantized-models.js';
import type { Compilation } from '../compilation.js';
import { compile, emitFiles } from '../index.js';
import { grouped, table } from './format.js';
import {
  lockSchema,
  type Measurements,
  makeReport,
  measurementsSchema,
  planSchema,
  renderReportHtml,
  renderReportText,
  reportSchema,
} from './index.js';
import { liveBytes } from './make-report.js';

const measurements: Measurements = {
  flash: 5321,
  code: 4321,
  constants: 1000,
  ram: 512,
  stackBound: 200,
  stackPainted: 180,
  instructions: 98765,
  layers: [{ step: 0, instructions: 4242 }],
  notes: ['QEMU counts instructions, not cycles'],
};

describe('report', () => {
  let compilation: Compilation;
  beforeAll(async () => {
    compilation = await compile(branchModel(), { target: 'cortex-m4', kernels: 'portable' });
  });

  it('is what its schema says, with and without measurements', () => {
    expect(reportSchema.parse(makeReport(compilation))).toEqual(makeReport(compilation));
    expect(reportSchema.parse(makeReport(compilation, measurements)).measurements).toEqual(measurements);
    expect(measurementsSchema.safeParse({ flash: -1 }).success).toBe(false);
  });

  it('counts multiply-accumulates and constants of the layers', () => {
    const report = makeReport(compilation, measurements);
    const convs = report.layers.filter((layer) => layer.op === 'Conv');
    expect(convs.map((layer) => layer.macs)).toEqual([36 * 4 * 27, 36 * 4 * 36]);
    expect(report.totals.macs).toBe(report.layers.reduce((sum, layer) => sum + layer.macs, 0));
    // Weights, bias and at least one scale.
    expect(convs[0]!.constantBytes).toBeGreaterThanOrEqual(108 + 16 + 4);
    expect(report.layers[0]!.instructions).toBe(4242);
    expect(report.layers.every((layer) => layer.liveBytes <= report.plan.arenaBytes)).toBe(true);
    expect(Math.max(...report.layers.map((layer) => layer.liveBytes))).toBeGreaterThan(0);
  });

  it('shows layers, memory, plan and measurements as text', () => {
    const text = renderReportText(makeReport(compilation, measurements), { color: false, width: 120 });
    for (const word of ['branch for cortex-m4', 'conv1', 'arena', '4,321', '98,765', 'QEMU counts'])
      expect(text).toContain(word);
    expect(text).not.toContain('\u001b');
    expect(renderReportText(makeReport(compilation), { color: true, width: 120 })).toContain('\u001b[1m');
  });

  it('keeps to the width of the terminal where names can be shortened', () => {
    const lines = renderReportText(makeReport(compilation), { color: false, width: 100 }).split('\n');
    const rows = lines.filter((line) => line.includes('conv_s8') || line.includes('─'));
    expect(rows.length).toBeGreaterThan(2);
    expect(rows.every((line) => line.length <= 100)).toBe(true);
  });

  it('is a self-contained page', () => {
    const html = renderReportHtml(makeReport(compilation, measurements));
    expect(html).toContain('<svg');
    expect(html).toContain('conv1');
    expect(html).not.toMatch(/<script|https?:|src=|@import/);
    expect(html.length).toBeLessThan(40_000);
  });

  it('names wrong calls, what runs their layers, and what that takes', async () => {
    const step = compilation.plan.calls.findIndex(({ node }) => node.op === 'Conv');
    const output = compilation.plan.calls[step]!.node.outputs[0]!;
    const excluded = [{ output, kernel: 'nanoc_bad', because: 'proven wrong: it differs', instructions: 1000 }];
    const other = await compile(branchModel(), { target: 'cortex-m4', kernels: 'portable', excluded });
    const counted = { ...measurements, layers: [{ step, instructions: 4242 }] };
    const report = reportSchema.parse(makeReport(other, counted));
    expect(report.excluded).toEqual([
      { step, kernel: 'nanoc_bad', because: 'proven wrong: it differs', instructions: 1000 },
    ]);
    const { symbol, kernel } = report.layers[step]!;
    const wrong = `step ${step + 1}, ${symbol}: nanoc_bad, proven wrong: it differs`;
    const instead = `${kernel} runs it: 4,242 instructions instead of 1,000`;
    const text = renderReportText(report, { color: false, width: 120 });
    expect(text).toContain(`wrong calls, replaced\n  ${wrong}\n    ${instead}\n`);
    expect(renderReportHtml(report)).toContain(`<li>${wrong}; ${instead}</li>`);
    expect(report.model.command).toContain('--prove vendor');
    const lock = (await emitFiles(other)).find(({ path }) => path === 'nanoc.lock')!;
    expect(lockSchema.parse(JSON.parse(lock.content)).options.excluded).toEqual([{ output, kernel: 'nanoc_bad' }]);
    expect(makeReport(compilation)).not.toHaveProperty('excluded');
  });

  it('escapes names', () => {
    const report = makeReport(compilation);
    const hostile = { ...report, model: { ...report.model, name: '<script>alert("&")</script>' } };
    expect(renderReportHtml(hostile)).not.toContain('<script');
  });

  it('counts shared bytes of a step once', () => {
    const { plan } = compilation;
    const at = (name: string, offset: number, bytes: number) =>
      ({ name, kind: 'value', region: 'arena', offset, bytes, live: [0, 1] }) as const;
    const placements = new Map([at('a', 0, 10), at('b', 5, 10), at('c', 30, 2)].map((each) => [each.name, each]));
    expect(liveBytes({ ...plan, placements }, 1)).toBe(17);
    expect(liveBytes({ ...plan, placements }, 2)).toBe(0);
  });
});

describe('plan.json and nanoc.lock', () => {
  it('are what their schemas say', async () => {
    const compilation = await compile(streamModel(), {
      target: 'cortex-m0',
      states: ['next=past'],
      kernels: 'portable',
    });
    const files = await emitFiles(compilation);
    const read = (path: string): unknown => JSON.parse(files.find((file) => file.path === path)!.content);
    const plan = planSchema.parse(read('plan.json'));
    expect(plan.arenaBytes).toBe(compilation.plan.arenaBytes);
    expect(plan.buffers.some((buffer) => buffer.region === 'state' && buffer.name === 'past')).toBe(true);
    expect(reportSchema.parse(read('report.json')).states).toEqual([
      { input: 'past', output: 'next', initial: -7, bytes: 4 },
    ]);
    const lock = lockSchema.parse(read('nanoc.lock'));
    expect(lock.options.states).toEqual(['next=past']);
    const locked = [...Object.keys(lock.kernels), ...Object.keys(lock.files)].sort();
    const free = new Set(['nanoc.lock', 'report.json', 'report.html']);
    expect(locked).toEqual(
      files
        .map(({ path }) => path)
        .filter((path) => !free.has(path))
        .sort(),
    );
  });
});

describe('format', () => {
  it('groups digits and lays out tables', () => {
    expect([0, 999, 1000, 1234567].map(grouped)).toEqual(['0', '999', '1,000', '1,234,567']);
    const columns = [
      { title: 'name', align: 'left', flexible: true } as const,
      { title: 'n', align: 'right' } as const,
    ];
    expect(table(columns, [['a very long name of a layer', '12']], 20)).toEqual([
      'name               n',
      '────────────────  ──',
      'a ver..f a layer  12',
    ]);
  });
});
