/** float16 (IEEE 754 binary16) as bits; nanoc/cache_rows.h has the same in C. */

/** Bits of the nearest float16, ties to even; infinity from 65,520 on. */
export function halfOf(x: number): number {
  const [bits] = new Uint32Array(Float32Array.of(x).buffer) as unknown as [number];
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  if (size >= 0x47800000) return sign | 0x7c00;
  // Next to 0.5 a step of float32 is the least step of float16.
  if (size < 0x38800000) return sign | (new Uint32Array(Float32Array.of(Math.abs(x) + 0.5).buffer)[0]! - 0x3f000000);
  return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
}

/** The number that the bits stand for. */
export function numberOfHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
