/** C literals: exact, short, and wrapped at 100 columns. */
import type { TensorData } from '../../ir/tensor.js';

/** Longest line of generated C. */
export const COLUMNS = 100;

/** C type of the elements of an array. bool and uint8 are uint8_t, float16 is its raw bits. */
export function ctypeOf(data: TensorData): string {
  if (data instanceof Float32Array) return 'float';
  if (data instanceof Float64Array) return 'double';
  if (data instanceof Int8Array) return 'int8_t';
  if (data instanceof Uint8Array) return 'uint8_t';
  if (data instanceof Int16Array) return 'int16_t';
  if (data instanceof Uint16Array) return 'uint16_t';
  if (data instanceof Int32Array) return 'int32_t';
  if (data instanceof Uint32Array) return 'uint32_t';
  return data instanceof BigInt64Array ? 'int64_t' : 'uint64_t';
}

/** An integer of at most 32 bits. -2147483648 is not a literal in C: it is the negation of one that does not fit. */
export function intLiteral(x: number): string {
  if (!Number.isInteger(x)) throw new Error(`invariant: ${x} is not an integer`);
  if (x === -2147483648) return 'INT32_MIN';
  return x > 2147483647 ? `${x}u` : String(x);
}

/** The shortest decimal that C reads as exactly this float32. */
export function floatLiteral(x: number): string {
  if (Number.isNaN(x)) return 'NANOC_NAN';
  if (!Number.isFinite(x)) return x > 0 ? 'NANOC_INFINITY' : '-NANOC_INFINITY';
  if (Math.fround(x) !== x) throw new Error(`invariant: ${x} is not a float32`);
  if (x === 0) return Object.is(x, -0) ? '-0.0f' : '0.0f';
  // Most scales need more than six digits: whether they do is asked first.
  const first = readsAs(Number(x.toPrecision(6)), x) ? 1 : 7;
  for (let digits = first; digits <= 9; digits += 1) {
    const text = x.toPrecision(digits);
    if (readsAs(Number(text), x)) return `${tidy(text)}f`;
  }
  throw new Error(`invariant: no decimal for ${x}`);
}

/**
 * C rounds the decimal once, to float; here it is rounded to double first. The two agree unless the double lies on, or beside,
 * the middle between two floats: so its neighbours have to round to the same float.
 */
function readsAs(candidate: number, x: number): boolean {
  return [candidate, candidate * (1 - 2 ** -52), candidate * (1 + 2 ** -52)].every((c) => Math.fround(c) === x);
}

/** `5` -> `5.0`, `1.5e-7` and `12.50` -> `1.5e-7` and `12.5`; C needs a point or an exponent. */
function tidy(text: string): string {
  const [mantissa, exponent] = text.split('e') as [string, string | undefined];
  const short = mantissa.includes('.') ? mantissa.replace(/0+$/, '').replace(/\.$/, '') : mantissa;
  if (exponent !== undefined) return `${short}e${Number(exponent)}`;
  return short.includes('.') ? short : `${short}.0`;
}

/** float64 constants: JavaScript's own shortest decimal. */
function doubleLiteral(x: number): string {
  if (Number.isNaN(x)) return 'NANOC_NAN';
  if (!Number.isFinite(x)) return x > 0 ? 'NANOC_INFINITY' : '-NANOC_INFINITY';
  const text = Object.is(x, -0) ? '-0.0' : String(x);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function bigLiteral(x: bigint): string {
  if (x === -(2n ** 63n)) return 'INT64_MIN';
  return x > 2n ** 63n - 1n ? `UINT64_C(${x})` : `INT64_C(${x})`;
}

/** The elements of an array as literals. */
export function elementLiterals(data: TensorData): string[] {
  if (data instanceof Float32Array) return Array.from(data, floatLiteral);
  if (data instanceof Float64Array) return Array.from(data, doubleLiteral);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return Array.from(data as BigInt64Array, bigLiteral);
  return Array.from(data as Int32Array, intLiteral);
}

/** Items separated by commas, in lines of at most 100 columns, each line indented. Quick, because weights come in millions. */
export function wrap(items: readonly string[], indent: string): string {
  const lines: string[] = [];
  let start = 0;
  let length = indent.length;
  for (let index = 0; index < items.length; index += 1) {
    // With its comma, and the space before it where it is not the first of its line.
    const added = items[index]!.length + (index === start ? 1 : 2);
    if (index > start && length + added > COLUMNS) {
      lines.push(`${indent}${items.slice(start, index).join(', ')},`);
      start = index;
      length = indent.length + items[index]!.length + 1;
    } else length += added;
  }
  if (start < items.length) lines.push(`${indent}${items.slice(start).join(', ')},`);
  return lines.join('\n');
}

/**
 * A call statement in lines of at most 100 columns; arguments are aligned, or indented where the name is long.
 * @param head indentation, what stands before the call, and the function's name
 */
export function wrapCall(head: string, args: readonly string[], indent: string): string {
  const oneLine = `${head}(${args.join(', ')});`;
  if (oneLine.length <= COLUMNS) return oneLine;
  const widest = Math.max(...args.map((arg) => arg.length)) + 2;
  const aligned = head.length + 1 + widest <= COLUMNS && head.length <= 40;
  const continued = aligned ? ' '.repeat(head.length + 1) : `${indent}    `;
  const lines = aligned ? [`${head}(`] : [`${head}(`, continued];
  args.forEach((arg, index) => {
    const piece = index + 1 < args.length ? `${arg}, ` : `${arg});`;
    const last = lines[lines.length - 1]!;
    const empty = last.trim() === '' || last.endsWith('(');
    if (empty || last.length + piece.trimEnd().length <= COLUMNS) lines[lines.length - 1] = last + piece;
    else lines.splice(-1, 1, last.trimEnd(), `${continued}${piece}`);
  });
  return lines.join('\n');
}

/** Text for a comment: no end of comment, no line break, only printable ASCII, no trigraphs. */
export function commentText(text: string): string {
  return text
    .replace(/[^\x20-\x7e]/g, '?')
    .replaceAll('*/', '* /')
    .replaceAll('/*', '/ *')
    .replace(/\?\?(?=[=/'()!<>-])/g, '? ?')
    .replace(/\\$/, '\\ ');
}

/** Words of a text as the lines of a block comment that starts with `open`, each of at most 100 columns. */
export function wrapComment(text: string, indent: string, open: '/*' | '/**' = '/*'): string {
  const lines: string[] = [];
  let line = `${indent}${open}`;
  for (const { word, glued } of breakable(commentText(text))) {
    const space = glued ? '' : ' ';
    if (line.length + space.length + word.length + 3 > COLUMNS && line.trim() !== open) {
      lines.push(line);
      line = `${indent} * ${word}`;
    } else line += `${space}${word}`;
  }
  return [...lines, `${line} */`].join('\n');
}

/** Words of a text; a very long one is cut after its semicolons and slashes (`glued`: no space goes before the piece). */
function breakable(text: string): { readonly word: string; readonly glued: boolean }[] {
  return text.split(' ').flatMap((word) => {
    const pieces = word.length > COLUMNS / 2 ? word.split(/(?<=[;/])/) : [word];
    return pieces.map((piece, index) => ({ word: piece, glued: index > 0 }));
  });
}
