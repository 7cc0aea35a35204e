/** Numbers and tables as text, for reports on terminals. */

/** `12,345`. */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `1x49x10x1`; a scalar is `1`. */
export function shapeOf(shape: readonly number[]): string {
  return shape.length === 0 ? '1' : shape.join('x');
}

/** The text within `width` characters; what is left out in the middle is shown by two dots. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  if (width <= 2) return text.slice(0, width);
  const tail = Math.ceil((width - 2) * 0.6);
  return `${text.slice(0, width - 2 - tail)}..${text.slice(text.length - tail)}`;
}

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** May be shortened so that the table fits. */
  readonly flexible?: boolean;
}

/** Least width to which a flexible column is shortened. */
const LEAST = 8;

/** Widths of the columns: of what is in them, the widest flexible ones shortened until the table fits. */
function widthsOf(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): number[] {
  const widths = columns.map((column, i) => Math.max(column.title.length, ...rows.map((row) => row[i]!.length)));
  let excess = widths.reduce((sum, w) => sum + w, 0) + 2 * (columns.length - 1) - width;
  while (excess > 0) {
    let widest = -1;
    columns.forEach((column, i) => {
      if (column.flexible === true && widths[i]! > Math.max(LEAST, widths[widest] ?? 0)) widest = i;
    });
    if (widest < 0) break;
    widths[widest]! -= 1;
    excess -= 1;
  }
  return widths;
}

/** A table with a rule below its head. Rows have as many cells as there are columns. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const widths = widthsOf(columns, rows, width);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const text = shorten(cell, widths[i]!);
        return columns[i]!.align === 'left' ? text.padEnd(widths[i]!) : text.padStart(widths[i]!);
      })
      .join('  ')
      .trimEnd();
  return [line(columns.map((column) => column.title)), widths.map((w) => '─'.repeat(w)).join('  '), ...rows.map(line)];
}
