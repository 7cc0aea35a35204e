/**
 * Rows along time. A value of the original model has `length` rows for a window of the input. From one step to the next the window moves on
 * by `hop` rows of this value: row p of the new window is row p + hop of the last one, wherever neither depends on padding.
 */
export interface Rows {
  readonly axis: number;
  /** Of the whole window. */
  readonly length: number;
  /** Rows of the input that lie between two rows of this value. */
  readonly stride: number;
  /** Rows that a step brings. */
  readonly hop: number;
  /** Rows from `first` to `end`, not included, depend on rows of the input alone; those before and behind also on padding. */
  readonly first: number;
  readonly end: number;
  /** With `pads=history`: padding stands for rows that came before, so that `first` is -Infinity. */
  readonly padded: boolean;
}

/** Rows from `from` to `to`, not included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A window that slides along time: kernel, stride, dilation, and rows of padding (negative: rows that are left out). */
export interface Span {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

/** Rows from the first to the last that one output row reads. */
export function extentOf({ kernel, dilation }: Span): number {
  return (kernel - 1) * dilation + 1;
}

/** The rows that a step computes: those that are new and do not depend on padding, and the padded ones behind them. */
export function newest({ length, hop, end }: Rows): Range {
  return { from: end - hop, to: length };
}

/** Output rows, of `length`, that depend on rows from `first` to `end` alone. */
export function untouched(span: Span, { first, end }: Rows, length: number): { first: number; end: number } {
  return {
    first: Math.max(0, Math.ceil((first + span.before) / span.stride)),
    end: Math.min(length, Math.floor((end - extentOf(span) + span.before) / span.stride) + 1),
  };
}

/** The input rows that output rows read, and the padding that is left for them. */
export function reach(
  span: Span,
  { from, to }: Range,
  length: number,
  history: boolean,
): Range & { before: number; after: number } {
  const low = from * span.stride - span.before;
  const high = (to - 1) * span.stride - span.before + extentOf(span);
  if (history) return { from: low, to: high, before: 0, after: 0 };
  return {
    from: Math.max(0, low),
    to: Math.min(length, high),
    before: Math.max(0, -low),
    after: Math.max(0, high - length),
  };
}
