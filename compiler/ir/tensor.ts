/** Element types of tensors, by their ONNX names (onnx.proto3, TensorProto.DataType). */
export type DataType =
  | 'float32'
  | 'float16'
  | 'float64'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool';

/** The elements of a tensor in row-major order. bool and uint8 share Uint8Array; 64-bit types hold BigInts; float16 holds raw bits. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A value with its data: a constant, a test vector, or a result of the reference evaluator. */
export interface Tensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

const BYTES: Readonly<Record<DataType, number>> = {
  float32: 4,
  float16: 2,
  float64: 8,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  bool: 1,
};

/** Bytes of one element. */
export function bytesPerElement(dtype: DataType): number {
  return BYTES[dtype];
}

/** Number of elements; 1 for a scalar (shape []). */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dimension of shape) count *= dimension;
  return count;
}

/** Bytes that a tensor of this type and shape takes in C. */
export function byteLength(tensor: { readonly dtype: DataType; readonly shape: readonly number[] }): number {
  return elementCount(tensor.shape) * bytesPerElement(tensor.dtype);
}

/** What an unsigned quantized type is lowered by to become the signed one of its size; also of that one. */
export function signOffset(dtype: DataType): number {
  return 2 ** (8 * bytesPerElement(dtype) - 1);
}

/** A zero-filled array of the right kind for the data type. */
export function allocate(dtype: DataType, count: number): TensorData {
  switch (dtype) {
    case 'float32':
      return new Float32Array(count);
    case 'float64':
      return new Float64Array(count);
    case 'int8':
      return new Int8Array(count);
    case 'uint8':
    case 'bool':
      return new Uint8Array(count);
    case 'int16':
      return new Int16Array(count);
    case 'uint16':
    case 'float16':
      return new Uint16Array(count);
    case 'int32':
      return new Int32Array(count);
    case 'uint32':
      return new Uint32Array(count);
    case 'int64':
      return new BigInt64Array(count);
    case 'uint64':
      return new BigUint64Array(count);
  }
}

/** The raw little-endian bytes of a tensor, as they lie in the memory of every target (all are little-endian). No copy. */
export function bytesOf(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Reads little-endian bytes as elements; copies, so that alignment does not matter. */
export function fromBytes(dtype: DataType, bytes: Uint8Array): TensorData {
  const data = allocate(dtype, bytes.length / bytesPerElement(dtype));
  bytesOf(data).set(bytes);
  return data;
}

/** [lowest, highest] value of an integer type. */
export function integerRange(dtype: 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32'): readonly [number, number] {
  switch (dtype) {
    case 'int8':
      return [-128, 127];
    case 'uint8':
      return [0, 255];
    case 'int16':
      return [-32768, 32767];
    case 'uint16':
      return [0, 65535];
    case 'int32':
      return [-2147483648, 2147483647];
  }
}
