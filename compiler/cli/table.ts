import { stripVTControlCharacters } from 'node:util';
import { shorten } from '../report/format.js';

export interface Column {
  readonly title: string;
  /** Numbers read best to the right. */
  readonly align?: 'left' | 'right';
}

export interface TableStyle {
  /** Applied to the line of titles. */
  readonly head?: (text: string) => string;
  /** Columns of the terminal: the last column is wrapped to it when it is aligned to the left. */
  readonly width?: number;
}

const GAP = '  ';
const NARROWEST = 24;

/** Rows under titles and a rule, columns as wide as their longest cell. Cells may hold colour codes. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: TableStyle = {},
): string {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => visibleWidth(row[index] ?? ''))),
  );
  const lastWidth = limitOfLast(columns, widths, style.width);
  widths[widths.length - 1] = Math.min(widths.at(-1)!, lastWidth);
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, index) => pad(cells[index] ?? '', widths[index]!, align ?? 'left'))
      .join(GAP)
      .trimEnd();
  const body = rows.flatMap((row) => {
    const [first = '', ...more] = wrap(row[columns.length - 1] ?? '', lastWidth);
    const empty = columns.slice(1).map(() => '');
    return [[...row.slice(0, columns.length - 1), first], ...more.map((text) => [...empty, text])].map(line);
  });
  const head = line(columns.map(({ title }) => title));
  const rule = widths.map((width) => '─'.repeat(width)).join(GAP);
  return `${[style.head?.(head) ?? head, rule, ...body].join('\n')}\n`;
}

/** `label  value` lines, values in one column. */
export function renderFields(fields: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...fields.map(([label]) => label.length));
  return fields
    .map(([label, value]) => `${label.padEnd(width)}  ${value.replaceAll('\n', `\n${' '.repeat(width + 2)}`)}\n`)
    .join('');
}

function limitOfLast(columns: readonly Column[], widths: readonly number[], width: number | undefined): number {
  if (width === undefined || columns.at(-1)?.align === 'right') return Number.POSITIVE_INFINITY;
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + GAP.length, 0);
  return Math.max(NARROWEST, width - before);
}

/** Lines of at most `width` characters, broken at spaces, long words cut; a cell with colour codes is left whole. */
function wrap(text: string, width: number): string[] {
  if (visibleWidth(text) <= width || visibleWidth(text) !== text.length) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').map((each) => shorten(each, width))) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function visibleWidth(text: string): number {
  return stripVTControlCharacters(text).length;
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - visibleWidth(text)));
  return align === 'left' ? text + space : space + text;
}
