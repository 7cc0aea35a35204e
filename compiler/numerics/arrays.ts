/** QuantizeLinear and DequantizeLinear of whole tensors, for the typed bindings of models. */
import { allocate, integerRange } from '../ir/tensor.js';
import { dequantize, quantize } from './requantize.js';

export type QuantizedType = 'int8' | 'uint8' | 'int16' | 'uint16';

/** Array of the elements of each quantized type. */
export interface QuantizedArrays {
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
  readonly int16: Int16Array;
  readonly uint16: Uint16Array;
}

export interface TensorQuantization<T extends QuantizedType = QuantizedType> {
  readonly dtype: T;
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Real numbers as elements of a quantized tensor: saturate(roundHalfEven(x / scale) + zeroPoint) in float32, as QuantizeLinear. */
export function quantizeArray<T extends QuantizedType>(
  real: ArrayLike<number>,
  { dtype, scale, zeroPoint }: TensorQuantization<T>,
): QuantizedArrays[T] {
  const [low, high] = integerRange(dtype);
  const result = allocate(dtype, real.length);
  for (let i = 0; i < real.length; i += 1) result[i] = quantize(Math.fround(real[i]!), scale, zeroPoint, low, high);
  return result as QuantizedArrays[T];
}

/** Elements of a quantized tensor as real numbers: float32((q - zeroPoint) * scale), as DequantizeLinear. */
export function dequantizeArray(elements: ArrayLike<number>, { scale, zeroPoint }: TensorQuantization): Float32Array {
  return Float32Array.from(elements, (q) => dequantize(q, scale, zeroPoint));
}
