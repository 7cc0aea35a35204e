/** Weights of a few bits in blocks, as MatMulNBits and GatherBlockQuantized hold them: rows of fields, a scale and a zero point for each block. */
import type { AttributeSpec } from '../define.js';

const BITS = [2, 4, 8];

export const bitsAttribute: AttributeSpec = {
  type: 'int',
  default: 4,
  check: (bits) => (BITS.includes(Number(bits)) ? undefined : `must be ${BITS.join(', ')}, and is ${bits}`),
};

/** Element i of a packed array: the first one in the low bits. */
export function fieldOf(bytes: Uint8Array, i: number, bits: number): number {
  const position = i * bits;
  return (bytes[position >> 3]! >> (position & 7)) & ((1 << bits) - 1);
}

/** @param packed one zero point for each block of each row; each row starts in a byte of its own. Absent: the middle of the range. */
export function blockZeroPoints(
  packed: Uint8Array | undefined,
  rows: number,
  blocks: number,
  bits: number,
): Uint8Array {
  const result = new Uint8Array(rows * blocks);
  if (packed === undefined) return result.fill(1 << (bits - 1));
  const bytes = zeroPointBytes(blocks, bits);
  return result.map((_, i) => {
    const row = Math.floor(i / blocks);
    return fieldOf(packed.subarray(row * bytes, (row + 1) * bytes), i % blocks, bits);
  });
}

/** Bytes that the zero points of a row take. */
export function zeroPointBytes(blocks: number, bits: number): number {
  return Math.ceil((blocks * bits) / 8);
}

/** Quantized rows of a table; `stride` bytes from one to the next. */
export interface BlockRows {
  readonly rows: number;
  readonly inner: number;
  readonly bits: number;
  readonly block: number;
  /** uint8 holds fields of `bits`, int8 numbers of 8 bits. */
  readonly weights: Uint8Array | Int8Array;
  /** [rows][blocks] */
  readonly scales: ArrayLike<number>;
  /** Of the type of the weights, packed as they are; absent: the middle of the range of fields, and 0 of int8. */
  readonly zeros?: Uint8Array | Int8Array;
}

/** Row `row` in float32: (field - zero point) * scale. */
export function dequantizeRow(table: BlockRows, row: number): Float32Array {
  const { rows, inner, bits, block, weights, scales, zeros } = table;
  const blocks = Math.ceil(inner / block);
  const stride = weights.length / rows;
  const stored = weights.subarray(row * stride, (row + 1) * stride);
  const bytes = zeroPointBytes(blocks, bits);
  const own = zeros?.subarray(row * bytes, (row + 1) * bytes);
  const zero = (b: number): number => {
    if (own instanceof Int8Array) return own[b]!;
    if (own !== undefined) return fieldOf(own, b, bits);
    return weights instanceof Int8Array ? 0 : 1 << (bits - 1);
  };
  return Float32Array.from({ length: inner }, (_, k) => {
    const b = Math.floor(k / block);
    const field = stored instanceof Int8Array ? stored[k]! : fieldOf(stored, k, bits);
    return (field - zero(b)) * scales[row * blocks + b]!;
  });
}
