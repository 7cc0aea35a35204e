/** report.html: one self-contained page without scripts; the arena over time is an inline SVG. */
import { excludedTexts } from './excluded.js';
import { grouped, shapeOf } from './format.js';
import type { BufferJson } from './plan-json.js';
import type { LayerReport, Report } from './schema.js';

const STYLE = `body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.15rem .6rem;border-bottom:1px solid #ddd;text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}tr.float{background:#fff3d6}code{font-size:.95em}
svg{width:100%;height:auto;border:1px solid #ddd}svg text{font:9px system-ui,sans-serif}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}td,th,svg{border-color:#444}tr.float{background:#4a3b10}svg text{fill:#eee}}`;

export function renderReportHtml(report: Report): string {
  const { model, target, plan, measurements } = report;
  const title = `${escape(model.name)} for ${escape(target.name)}`;
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${title}</title>`,
    `<style>${STYLE}</style></head><body>`,
    `<h1>${title}</h1>`,
    `<p>${escape(target.description)}. Numerics: ${report.numerics}. <code>${escape(model.command)}</code></p>`,
    summary(report),
    '<h2>Arena</h2>',
    `<p>${grouped(plan.arenaBytes)} bytes; lower bound ${grouped(plan.lowerBound)}. Order: ${escape(plan.search.order)}; placement: ${escape(plan.search.placement)}.</p>`,
    arenaSvg(report),
    '<h2>Layers</h2>',
    layerTable(report),
    ...(report.excluded === undefined
      ? []
      : [
          list(
            'Wrong calls, replaced',
            excludedTexts(report).map(({ wrong, instead }) => `${wrong}; ${instead}`),
          ),
        ]),
    ...(measurements?.notes === undefined ? [] : [list('Notes', measurements.notes)]),
    list('Remarks', remarksOf(report)),
    '</body></html>',
    '',
  ].join('\n');
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function summary({ memory, totals, measurements }: Report): string {
  const rows: [string, number | undefined][] = [
    ...memory.flash.map(({ part, bytes }): [string, number] => [`flash: ${part}`, bytes]),
    ['flash: code', measurements?.code],
    ...memory.ram.map(({ part, bytes }): [string, number] => [`RAM: ${part}`, bytes]),
    ['stack, bound', measurements?.stackBound],
    ['stack, used', measurements?.stackPainted],
    ['multiply-accumulates', totals.macs],
    ['instructions per inference', measurements?.instructions],
    ['instructions expected, the mean over the vectors', measurements?.expectedInstructions],
    [
      `cycles, an estimate, +-${Math.round(100 * (measurements?.cycles?.error ?? 0))} %`,
      measurements?.cycles?.estimate,
    ],
  ];
  const cells = rows.flatMap(([label, value]) =>
    value === undefined ? [] : [`<tr><td>${escape(label)}</td><td class="n">${grouped(value)}</td></tr>`],
  );
  return `<table>${cells.join('')}</table>`;
}

function layerTable(report: Report): string {
  const head = [
    '#',
    'layer',
    'operator',
    'input',
    'output',
    'kernel',
    'MACs',
    'constants',
    'RAM',
    'instructions',
    'predicted',
    '',
  ];
  const numbers = new Set([0, 6, 7, 8, 9, 10]);
  const row = (cells: readonly string[], tag: 'td' | 'th', layer?: LayerReport): string => {
    const inner = cells.map((cell, i) => `<${tag}${numbers.has(i) ? ' class="n"' : ''}>${cell}</${tag}>`).join('');
    return `<tr${layer?.float ? ' class="float"' : ''}>${inner}</tr>`;
  };
  const body = report.layers.map((layer) => row(layerCells(layer), 'td', layer));
  return `<table>\n${[row(head, 'th'), ...body].join('\n')}\n</table>`;
}

function layerCells(layer: LayerReport): string[] {
  return [
    String(layer.step + 1),
    `<span title="${escape(layer.node)}">${escape(layer.symbol)}</span>`,
    escape(layer.op) + (layer.float ? ' (float)' : ''),
    layer.inputs.map(shapeOf).join(', '),
    layer.outputs.map(shapeOf).join(', '),
    `<code>${escape(layer.kernel)}</code>`,
    grouped(layer.macs),
    grouped(layer.constantBytes),
    grouped(layer.liveBytes),
    layer.instructions === undefined ? '' : grouped(layer.instructions),
    layer.predictedInstructions === undefined ? '' : grouped(layer.predictedInstructions),
    escape([...layer.details, ...(layer.reason === undefined ? [] : [layer.reason])].join('; ')),
  ];
}

function remarksOf(report: Report): string[] {
  return [
    ...report.layers.flatMap((layer) =>
      layer.remarks.map((text) => `step ${layer.step + 1}, ${layer.symbol}: ${text}`),
    ),
    ...report.diagnostics.map(({ severity, code, message }) => `${severity}[${code}]: ${message}`),
  ];
}

function list(title: string, items: readonly string[]): string {
  if (items.length === 0) return '';
  return `<h2>${title}</h2>\n<ul>${items.map((item) => `<li>${escape(item)}</li>`).join('')}</ul>`;
}

const CHART = { width: 1000, height: 360 };

/** Steps from left to right, addresses from bottom to top; a view is drawn in the buffer that it is part of. */
function arenaSvg({ plan }: Report): string {
  if (plan.arenaBytes === 0) return '';
  const columns = plan.steps.length + 2;
  const x = (step: number): number => round(((step + 1) / columns) * CHART.width);
  const y = (address: number): number => round(CHART.height - (address / plan.arenaBytes) * CHART.height);
  const rectangle = (buffer: BufferJson, index: number): string => {
    const [first, last] = buffer.live;
    const [left, right] = [x(first), x(Math.min(last, plan.steps.length) + 1)];
    const [top, bottom] = [y(buffer.offset + buffer.bytes), y(buffer.offset)];
    const size = `x="${left}" y="${top}" width="${round(right - left)}" height="${round(bottom - top)}"`;
    const hue = (index * 47) % 360;
    const title = `${buffer.name}: ${buffer.bytes} bytes at ${buffer.offset}, steps ${first + 1} to ${last + 1}`;
    return `<rect ${size} fill="hsl(${hue} 60% 60%)" fill-opacity="0.75" stroke="#333" stroke-width="0.5"><title>${escape(title)}</title></rect>`;
  };
  const drawn = plan.buffers.filter((buffer) => buffer.region === 'arena' && buffer.sharesWith === undefined);
  return `<svg viewBox="0 0 ${CHART.width} ${CHART.height}" role="img" aria-label="arena over time">\n${drawn.map(rectangle).join('\n')}\n</svg>`;
}

function round(n: number): number {
  return Math.round(n * 100) / 100;
}
