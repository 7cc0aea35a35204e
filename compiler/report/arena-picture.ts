/** The arena over time as a picture in characters: addresses downwards, steps to the right, a letter for each buffer. */
import type { MemoryPlan, Placement } from '../ir/memory-plan.js';
import { type Column, grouped, shorten, table } from './format.js';

export interface PictureOptions {
  /** Columns of the whole picture; 100 if absent. */
  readonly width?: number;
  /** Address bands; 20 if absent, fewer when the arena is small. */
  readonly rows?: number;
}

const WIDTH = 100;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SCRATCH = '+';
const OTHER = '#';
const FREE = '.';
const COLUMNS: readonly Column[] = [
  { title: ' ', align: 'left' },
  { title: 'bytes', align: 'right' },
  { title: 'addresses', align: 'right' },
  { title: 'steps', align: 'right' },
  { title: 'buffer', align: 'left', flexible: true },
];
/** Columns of the address at the left, with the space behind it. */
const MARGIN = 9;

interface Buffer extends Placement {
  readonly letter: string;
}

/** The picture and, below it, a table of the buffers that are alive at the peak. Empty when nothing is in the arena. */
export function arenaPicture(plan: MemoryPlan, options: PictureOptions = {}): string {
  const map = arenaMap(plan, options);
  return map === '' ? '' : [map, '', ...peakTable(plan, lettered(plan), options.width ?? WIDTH)].join('\n');
}

/** The picture alone. */
export function arenaMap(plan: MemoryPlan, options: PictureOptions = {}): string {
  const width = options.width ?? WIDTH;
  const buffers = lettered(plan);
  if (buffers.length === 0 || plan.arenaBytes === 0) return '';
  const steps = plan.calls.length + 2;
  const perColumn = Math.ceil(steps / (width - MARGIN));
  const band = Math.max(1, Math.ceil(plan.arenaBytes / (options.rows ?? 20)));
  const lines = [ruler(steps, perColumn)];
  for (let address = 0; address < plan.arenaBytes; address += band) {
    const end = Math.min(address + band, plan.arenaBytes);
    const cells: string[] = [];
    for (let first = -1; first < steps - 1; first += perColumn) {
      cells.push(cellOf(buffers, address, end, first, Math.min(first + perColumn, steps - 1) - 1));
    }
    lines.push(`${String(address).padStart(MARGIN - 1)} ${cells.join('')}`);
  }
  return lines.join('\n');
}

/** The largest buffers get letters; a value that is part of another one's memory is not drawn again. */
function lettered(plan: MemoryPlan): Buffer[] {
  const all = [...plan.placements.values()].filter(
    ({ region, bytes, sharesWith }) => region === 'arena' && bytes > 0 && sharesWith === undefined,
  );
  const largest = all.filter(({ kind }) => kind === 'value').sort((a, b) => b.bytes - a.bytes || a.live[0] - b.live[0]);
  // Letters run in the order in which the buffers are written.
  const named = largest.slice(0, LETTERS.length).sort((a, b) => a.live[0] - b.live[0]);
  const letters = new Map(named.map(({ name }, index) => [name, LETTERS[index]!]));
  return all.map((placement) => ({
    ...placement,
    letter: placement.kind === 'scratch' ? SCRATCH : (letters.get(placement.name) ?? OTHER),
  }));
}

/** Step numbers, every tenth column. */
function ruler(steps: number, perColumn: number): string {
  const columns = Math.ceil(steps / perColumn);
  let text = 'address'.padStart(MARGIN - 1).padEnd(MARGIN);
  for (let column = 1; column < columns; column += 10)
    text = `${text.padEnd(MARGIN + column)}${(column - 1) * perColumn}`;
  return `${text.slice(0, MARGIN + columns)}  step${perColumn > 1 ? ` (${perColumn} in a column)` : ''}`;
}

/** The letter of the buffer that has most of the band in these steps; of two that overlap, the one that was written later. */
function cellOf(buffers: readonly Buffer[], start: number, end: number, first: number, last: number): string {
  let best = FREE;
  let most = 0;
  for (const { letter, offset, bytes, live } of buffers) {
    const high = Math.min(end, offset + bytes) - Math.max(start, offset);
    const long = Math.min(last, live[1]) - Math.max(first, live[0]) + 1;
    if (high <= 0 || long <= 0) continue;
    const share = high * long + live[0] / 1e6;
    if (share > most) [best, most] = [letter, share];
  }
  return best;
}

function peakTable(plan: MemoryPlan, buffers: readonly Buffer[], width: number): string[] {
  const { step, names } = plan.peak;
  const call = plan.calls[step];
  const where =
    call !== undefined
      ? `step ${step}, ${call.node.op} "${call.node.name}"`
      : step < 0
        ? 'before the first step'
        : 'after the last step';
  const alive = buffers.filter(({ name }) => names.includes(name)).sort((a, b) => a.offset - b.offset);
  const rows = alive.map(({ letter, name, offset, bytes, live }) => [
    letter,
    grouped(bytes),
    `${offset}..${offset + bytes - 1}`,
    `${live[0]}..${live[1]}`,
    name,
  ]);
  return [shorten(`alive at the peak: ${where}`, width), ...table(COLUMNS, rows, width)];
}
