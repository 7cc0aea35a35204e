/** The report for a terminal. */
import { renderDiagnostics } from '../diagnostics/render.js';
import { bandLines } from './bands.js';
import { excludedTexts } from './excluded.js';
import { type Column, grouped, shapeOf, shorten, table } from './format.js';
import type { LayerReport, Report } from './schema.js';
import { streamLines } from './stream.js';

export interface TextOptions {
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

/** The whole report as lines of text: head, layers, memory, measurements, what to know. Ends with a line break. */
export function renderReportText(report: Report, options: TextOptions): string {
  const { bold } = painter(options.color);
  const { model, target } = report;
  const blocks = [
    [
      `${bold(model.name)} for ${bold(target.name)} (${target.description}), numerics: ${report.numerics}`,
      ...libraryLines(report),
    ],
    layerTable(report, options),
    memoryTable(report, options),
    [...fastLines(report), ...planLines(report, options)],
    measuredLines(report, options),
    excludedLines(report, options),
    remarkLines(report, options),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function painter(color: boolean) {
  const paint = (code: number) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: paint(1), dim: paint(2), yellow: paint(33), green: paint(32) };
}

function libraryLines({ libraries = [], layers }: Report): string[] {
  return libraries.map(({ name, version, sha256, rounding }) => {
    const calls = layers.filter(({ family }) => family === name);
    const others = calls.filter(({ numerics }) => numerics !== 'onnx').length;
    return `${name} ${version} (sha256 ${sha256.slice(0, 12)}), ${rounding} rounding: ${calls.length} of ${layers.length} layers, ${others} of them in the profile tflite`;
  });
}

function layerTable(report: Report, { color, width }: TextOptions): string[] {
  const counted = report.layers.some((layer) => layer.instructions !== undefined);
  const columns: Column[] = [
    { title: '#', align: 'right' },
    { title: 'layer', align: 'left', flexible: true },
    { title: 'operator', align: 'left' },
    { title: 'output', align: 'left' },
    { title: 'kernel', align: 'left', flexible: true },
    { title: 'MACs', align: 'right' },
    { title: 'constants', align: 'right' },
    { title: 'RAM', align: 'right' },
    ...(counted
      ? [
          { title: 'instructions', align: 'right' } as const,
          { title: 'predicted', align: 'right' } as const,
          { title: 'per MAC', align: 'right' } as const,
        ]
      : []),
  ];
  const rows = report.layers.map((layer) => [...layerCells(layer), ...(counted ? instructionCells(layer) : [])]);
  const [head, rule, ...lines] = table(columns, rows, width);
  const { bold, yellow } = painter(color);
  return [bold(head!), rule!, ...lines.map((line, i) => (report.layers[i]!.float ? yellow(line) : line))];
}

function layerCells(layer: LayerReport): string[] {
  return [
    String(layer.step + 1),
    layer.symbol,
    layer.float ? `${layer.op} (float)` : layer.op,
    layer.outputs.map(shapeOf).join(' '),
    layer.kernel.replace(/^nanoc_/, ''),
    layer.macs === 0 ? '' : grouped(layer.macs),
    layer.constantBytes === 0 ? '' : grouped(layer.constantBytes),
    grouped(layer.liveBytes),
  ];
}

function instructionCells(layer: LayerReport): string[] {
  const predicted = layer.predictedInstructions === undefined ? '' : grouped(layer.predictedInstructions);
  if (layer.instructions === undefined) return ['', predicted, ''];
  return [grouped(layer.instructions), predicted, layer.macs === 0 ? '' : (layer.instructions / layer.macs).toFixed(2)];
}

function memoryTable(report: Report, { color, width }: TextOptions): string[] {
  const { memory, measurements } = report;
  const code = measurements?.code === undefined ? [] : [{ part: 'code', bytes: measurements.code }];
  const rows = (region: string, parts: readonly { part: string; bytes: number }[]) => [
    ...parts.map(({ part, bytes }) => [region, part, grouped(bytes)]),
    [region, 'total', grouped(parts.reduce((sum, { bytes }) => sum + bytes, 0))],
  ];
  const flashName = code.length === 0 ? 'flash, less code' : 'flash';
  const [head, ...lines] = table(
    [
      { title: 'memory', align: 'left' },
      { title: 'part', align: 'left' },
      { title: 'bytes', align: 'right' },
    ],
    [...rows(flashName, [...memory.flash, ...code]), ...rows('RAM, less stack', memory.ram)],
    width,
  );
  return [painter(color).bold(head!), ...lines];
}

function fastLines({ memory: { fast } }: Report): string[] {
  if (fast === undefined) return [];
  const share = `${(100 * fast.share).toFixed(1)} %`;
  return [
    `fast RAM  ${grouped(fast.bytes)} bytes of constants, by estimate ${share} of what an inference reads of constants`,
  ];
}

function planLines({ plan, bands, stream }: Report, { color, width }: TextOptions): string[] {
  const { green, yellow } = painter(color);
  const verdict =
    plan.gap === 0
      ? green('the lower bound')
      : yellow(`${grouped(plan.gap)} above the lower bound of ${grouped(plan.lowerBound)}`);
  const peak = plan.peak.tensors.map(
    ({ name, bytes }) => `  ${grouped(bytes).padStart(9)}  ${shorten(name, width - 13)}`,
  );
  const where =
    plan.peak.node === undefined ? '' : ` in step ${plan.peak.step + 1}, "${shorten(plan.peak.node, width - 24)}"`;
  return [
    `arena  ${grouped(plan.arenaBytes)} bytes: ${verdict}; order: ${plan.search.order}; placement: ${plan.search.placement}`,
    ...(peak.length === 0 ? [] : [`peak${where}:`, ...peak]),
    ...(bands === undefined ? [] : bandLines(bands, width)),
    ...(stream === undefined ? [] : streamLines(stream)),
  ];
}

function measuredLines({ measurements, totals }: Report, { color }: TextOptions): string[] {
  if (measurements === undefined) return [];
  const { bold } = painter(color);
  const { flash, code, constants, ram, stackBound, stackPainted, instructions, expectedInstructions } = measurements;
  const lines: string[] = [];
  const add = (label: string, value: number | undefined, note = '') => {
    if (value !== undefined) lines.push(`  ${label.padEnd(14)}${grouped(value).padStart(12)}${note}`);
  };
  add('flash', flash, code === undefined ? '' : ` bytes: code ${grouped(code)}, constants ${grouped(constants ?? 0)}`);
  add('RAM', ram, ' bytes');
  add('stack, bound', stackBound, ' bytes');
  add('stack, used', stackPainted, ' bytes');
  const perMac =
    instructions === undefined || totals.macs === 0 ? '' : `, ${(instructions / totals.macs).toFixed(2)} per MAC`;
  const isWorst = expectedInstructions !== undefined;
  add('instructions', instructions, ` per inference${isWorst ? ', worst case' : ''}${perMac}`);
  add('expected', expectedInstructions, ' instructions, the mean over the vectors');
  if (measurements.cycles !== undefined) {
    const { estimate, error } = measurements.cycles;
    add('cycles', estimate, `, an estimate, +-${Math.round(100 * error)} %, without wait states (docs/CYCLES.md)`);
  }
  for (const note of measurements.notes ?? []) lines.push(`  ${note}`);
  return lines.length === 0 ? [] : [bold('measured'), ...lines];
}

function excludedLines(report: Report, { color }: TextOptions): string[] {
  const texts = excludedTexts(report);
  if (texts.length === 0) return [];
  const lines = texts.flatMap(({ wrong, instead }) => [`  ${wrong}`, `    ${instead}`]);
  return [painter(color).yellow('wrong calls, replaced'), ...lines];
}

function remarkLines(report: Report, options: TextOptions): string[] {
  const remarks = report.layers.flatMap((layer) =>
    layer.remarks.map((text) => `  step ${layer.step + 1}, ${layer.symbol}: ${text}`),
  );
  const diagnostics = report.diagnostics.length === 0 ? [] : [renderReportDiagnostics(report, options.color)];
  return [...(remarks.length === 0 ? [] : [painter(options.color).bold('remarks'), ...remarks]), ...diagnostics];
}

function renderReportDiagnostics(report: Report, color: boolean): string {
  const list = report.diagnostics.map(({ code, severity, message, node, because, help }) => ({
    code: code as `NC${string}`,
    severity,
    message,
    ...(node === undefined ? {} : { node }),
    ...(because === undefined ? {} : { because }),
    ...(help === undefined ? {} : { help }),
  }));
  return renderDiagnostics(list, { color });
}
