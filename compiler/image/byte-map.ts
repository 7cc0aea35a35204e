/** Normalisation and quantization in one step: which element of the input a byte 0..255 becomes. */
import type { Value } from '../ir/graph.js';
import { quantizeArray } from '../numerics/arrays.js';

export type ByteMap =
  /** element = byte + offset: nothing is left of normalisation but what the input's type asks for. */
  | { readonly kind: 'offset'; readonly offset: number }
  /** element = table[byte]. */
  | { readonly kind: 'table'; readonly table: Int8Array | Uint8Array | Float32Array };

/**
 * With a normalisation, real = (byte / 255 - mean) / std, as the input's scale and zero point quantize it (ties to even, saturated).
 * Without, bytes take the input's own range: 0 is its lowest integer and 255 its highest; of float, 0 is 0.0 and 255 is 1.0.
 */
export function byteMap(value: Value, normalization: { mean: number; std: number } | undefined): ByteMap {
  const lowest = value.dtype === 'int8' ? -128 : 0;
  const { quantization } = value;
  if (normalization === undefined && value.dtype !== 'float32') return { kind: 'offset', offset: lowest };
  const { mean, std } = normalization ?? { mean: 0, std: 1 };
  const real = Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / std);
  if (value.dtype === 'float32') return { kind: 'table', table: real };
  // An integer input without scale and zero point holds the real numbers themselves.
  const { scale, zeroPoint } = quantization ?? { scale: [1], zeroPoint: [0] };
  const dtype = value.dtype as 'int8' | 'uint8';
  const table = quantizeArray(real, { dtype, scale: scale[0]!, zeroPoint: zeroPoint[0]! });
  const offset = table[0]!;
  return table.every((element, byte) => element === byte + offset)
    ? { kind: 'offset', offset }
    : { kind: 'table', table };
}
