/** The fixed-point transform of KISS FFT (Mark Borgerding, BSD-3-Clause) for powers of two: each stage divides by its radix, so nothing overflows. */
import { realTwiddleTable, twiddleTable } from './tables.js';

const int16 = (x: number): number => (x << 16) >> 16;
/** Rounded to 15 fraction bits less; the halves go up. */
const round15 = (x: number): number => int16((x + 16384) >> 15);

interface Complex {
  re: number;
  im: number;
}

const multiply = (a: Complex, b: Complex): Complex => ({
  re: round15((Math.imul(a.re, b.re) - Math.imul(a.im, b.im)) | 0),
  im: round15((Math.imul(a.re, b.im) + Math.imul(a.im, b.re)) | 0),
});
const add = (a: Complex, b: Complex): Complex => ({ re: int16(a.re + b.re), im: int16(a.im + b.im) });
const subtract = (a: Complex, b: Complex): Complex => ({ re: int16(a.re - b.re), im: int16(a.im - b.im) });
/** By 2 or 4, as a product of a rounded inverse. */
const divide = ({ re, im }: Complex, by: 2 | 4): Complex => {
  const inverse = Math.floor(32767 / by);
  return { re: round15(re * inverse), im: round15(im * inverse) };
};
const at = (table: Int16Array, i: number): Complex => ({ re: table[2 * i]!, im: table[2 * i + 1]! });

const tables = new Map<number, { readonly twiddles: Int16Array; readonly real: Int16Array }>();

/** Made once for each size. */
function tablesOf(count: number) {
  const known = tables.get(count) ?? { twiddles: twiddleTable(count), real: realTwiddleTable(count) };
  tables.set(count, known);
  return known;
}

/**
 * Transform of `samples.length` real samples, a power of two from 8 up: bins 0 to half of it, real and imaginary part interleaved, each divided by
 * the number of samples.
 */
export function realTransform(samples: Int16Array): Int16Array {
  const count = samples.length / 2;
  const { twiddles, real } = tablesOf(count);
  const halves = transform(
    Array.from({ length: count }, (_, i) => at(samples, i)),
    (i) => at(twiddles, i),
    1,
  );
  const out = new Int16Array(2 * (count + 1));
  const put = (bin: number, re: number, im: number) => out.set([re, im], 2 * bin);
  const constant = divide(halves[0]!, 2);
  put(0, constant.re + constant.im, 0);
  put(count, constant.re - constant.im, 0);
  for (let bin = 1; bin <= count / 2; bin += 1) {
    const a = divide(halves[bin]!, 2);
    const mirrored = halves[count - bin]!;
    const b = divide({ re: mirrored.re, im: int16(-mirrored.im) }, 2);
    const sum = add(a, b);
    const turned = multiply(subtract(a, b), at(real, bin - 1));
    put(bin, (sum.re + turned.re) >> 1, (sum.im + turned.im) >> 1);
    put(count - bin, (sum.re - turned.re) >> 1, (turned.im - sum.im) >> 1);
  }
  return out;
}

/** Of points that lie `step` apart in the whole transform: radix 4 as long as it divides, the innermost stage may be of radix 2. */
function transform(points: readonly Complex[], twiddle: (i: number) => Complex, step: number): readonly Complex[] {
  if (points.length === 1) return points;
  const radix = points.length % 4 === 0 ? 4 : 2;
  const size = points.length / radix;
  const parts = Array.from({ length: radix }, (_, part) =>
    transform(
      points.filter((_, i) => i % radix === part),
      twiddle,
      step * radix,
    ),
  );
  const out: Complex[] = new Array(points.length);
  for (let k = 0; k < size; k += 1) {
    const [a, ...turned] = parts.map((part, i) => {
      const divided = divide(part[k]!, radix);
      return i === 0 ? divided : multiply(divided, twiddle(k * step * i));
    }) as [Complex, ...Complex[]];
    if (radix === 2) {
      out[k] = add(a, turned[0]!);
      out[k + size] = subtract(a, turned[0]!);
      continue;
    }
    const [b, c, d] = turned as [Complex, Complex, Complex];
    const [even, odd] = [add(a, c), add(b, d)];
    const [evenLess, oddLess] = [subtract(a, c), subtract(b, d)];
    // -i times the difference
    const quarter = { re: oddLess.im, im: int16(-oddLess.re) };
    out[k] = add(even, odd);
    out[k + 2 * size] = subtract(even, odd);
    out[k + size] = add(evenLess, quarter);
    out[k + 3 * size] = subtract(evenLess, quarter);
  }
  return out;
}
