/** Sets of bytes in the two memories of a model, as half-open intervals. */
export type Region = 'arena' | 'state';

export interface Span {
  readonly region: Region;
  readonly offset: number;
  readonly bytes: number;
}

/** The same bytes as sorted spans that neither touch nor overlap, arena first. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const sorted = spans
    .filter((span) => span.bytes > 0)
    .sort((a, b) => (a.region === b.region ? a.offset - b.offset : a.region === 'arena' ? -1 : 1));
  const merged: Span[] = [];
  for (const span of sorted) {
    const last = merged.at(-1);
    if (last === undefined || last.region !== span.region || last.offset + last.bytes < span.offset) {
      merged.push(span);
      continue;
    }
    const bytes = Math.max(last.bytes, span.offset + span.bytes - last.offset);
    merged[merged.length - 1] = { ...last, bytes };
  }
  return merged;
}

/** The bytes of a region of `size` bytes that are in none of the spans. */
export function complementSpans(spans: readonly Span[], region: Region, size: number): Span[] {
  const holes: Span[] = [];
  let at = 0;
  for (const span of mergeSpans(spans.filter((each) => each.region === region))) {
    if (span.offset > at) holes.push({ region, offset: at, bytes: span.offset - at });
    at = span.offset + span.bytes;
  }
  if (at < size) holes.push({ region, offset: at, bytes: size - at });
  return holes;
}

/** Whether `outer` holds every byte of `inner`. */
export function containsSpan(outer: Span, inner: Span): boolean {
  const end = inner.offset + inner.bytes;
  return outer.region === inner.region && outer.offset <= inner.offset && end <= outer.offset + outer.bytes;
}

/** Whether two spans share a byte. */
export function intersects(a: Span, b: Span): boolean {
  return a.region === b.region && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}
