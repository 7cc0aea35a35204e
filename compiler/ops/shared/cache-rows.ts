/**
 * Rows of a key-value cache in fewer bits (`--kv-cache`). A row is what lies together along the last axis of the float cache, in whole words:
 *
 *     f16    its elements as float16
 *     int8   a float32 scale, max|x| / 127, and round_half_even(x * (127 / max|x|)) of each element
 *     int4   a float32 scale, max|x| / 7, and fields of round_half_even(x * (7 / max|x|)) + 8, the first of a byte in its low bits
 */
import { halfOf, numberOfHalf } from '../../numerics/half.js';
import { clamp, roundHalfEven } from '../../numerics/round.js';

export const CACHE_FORMS = ['f16', 'int8', 'int4'] as const;
export type CacheForm = (typeof CACHE_FORMS)[number];

const f = Math.fround;
const SCALE_BYTES = 4;
const LARGEST = { int8: 127, int4: 7 } as const;

/** Bytes of a row of so many elements. */
export function rowBytes(form: CacheForm, elements: number): number {
  const bytes = { f16: 2 * elements, int8: SCALE_BYTES + elements, int4: SCALE_BYTES + Math.ceil(elements / 2) }[form];
  return Math.ceil(bytes / 4) * 4;
}

/** A row of floats in bytes; what fills it up is 0. */
export function packRow(form: CacheForm, x: Float32Array): Uint8Array {
  const bytes = new Uint8Array(rowBytes(form, x.length));
  const view = new DataView(bytes.buffer);
  if (form === 'f16') {
    x.forEach((value, i) => {
      view.setUint16(2 * i, halfOf(value), true);
    });
    return bytes;
  }
  const most = LARGEST[form];
  // NaN does not count.
  const largest = x.reduce((before, value) => (Math.abs(value) > before ? Math.abs(value) : before), 0);
  const inverse = largest === 0 ? 0 : f(most / largest);
  view.setFloat32(0, f(largest / most), true);
  x.forEach((value, i) => {
    const scaled = f(value * inverse);
    const q = Number.isNaN(scaled) ? 0 : clamp(roundHalfEven(scaled), -most, most);
    if (form === 'int8') view.setInt8(SCALE_BYTES + i, q);
    else bytes[SCALE_BYTES + (i >> 1)]! |= (q + 8) << (4 * (i & 1));
  });
  return bytes;
}

/** Elements from `first` on as whole numbers or float16, and the scale that they are multiplied with. */
export function readRow(
  form: CacheForm,
  bytes: Uint8Array,
  first: number,
  count: number,
): { scale: number; values: number[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = Array.from({ length: count }, (_, k) => {
    const i = first + k;
    if (form === 'f16') return numberOfHalf(view.getUint16(2 * i, true));
    if (form === 'int8') return view.getInt8(SCALE_BYTES + i);
    return ((bytes[SCALE_BYTES + (i >> 1)]! >> (4 * (i & 1))) & 15) - 8;
  });
  return { scale: form === 'f16' ? 1 : view.getFloat32(0, true), values };
}
