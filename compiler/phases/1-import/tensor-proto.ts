/** TensorProto -> Tensor, with every length checked before anything is allocated. */
import type onnxProto from 'onnx-proto';
import { fail } from '../../diagnostics/diagnostic.js';
import {
  allocate,
  bytesPerElement,
  type DataType,
  elementCount,
  fromBytes,
  type Tensor,
  type TensorData,
} from '../../ir/tensor.js';

export type TensorProto = onnxProto.onnx.ITensorProto;
export type ReadExternal = (location: string) => Uint8Array;

/** TensorProto.DataType (onnx.proto3) of the types that nanoc holds. */
const TYPES: ReadonlyMap<number, DataType> = new Map([
  [1, 'float32'],
  [2, 'uint8'],
  [3, 'int8'],
  [4, 'uint16'],
  [5, 'int16'],
  [6, 'int32'],
  [7, 'int64'],
  [9, 'bool'],
  [10, 'float16'],
  [11, 'float64'],
  [12, 'uint32'],
  [13, 'uint64'],
]);
const UINT4 = 21;
const INT4 = 22;
/** Largest constant that is read: a microcontroller's model is far below. */
const MAXIMUM_BYTES = 2 ** 31;

/** The data type of a TensorProto or TypeProto number; undefined for those that nanoc does not hold (strings, complex, float8 ...). */
export function dataTypeOf(number: number | null | undefined): DataType | undefined {
  return TYPES.get(number ?? 0);
}

/** A 64-bit field as a number; protobufjs gives Long objects. */
export function toNumber(value: unknown): number {
  return typeof value === 'number' ? value : Number(String(value ?? 0));
}

/**
 * @param what how messages name the tensor, e.g. `initializer "w"`
 * @throws CompileError NC0103 when the data does not match type and shape, NC0104 for an unsupported type
 */
export function readTensor(proto: TensorProto, what: string, readExternal: ReadExternal | undefined): Tensor {
  const shape = (proto.dims ?? []).map(toNumber);
  if (shape.some((n) => !Number.isSafeInteger(n) || n < 0)) {
    fail({
      code: 'NC0103',
      message: `${what} has a negative or absurd dimension`,
      expected: `dimensions from 0 up, got [${shape}]`,
    });
  }
  const number = proto.dataType ?? 0;
  const nibbles = number === INT4 || number === UINT4;
  const dtype = nibbles ? (number === INT4 ? 'int8' : 'uint8') : dataTypeOf(number);
  if (dtype === undefined) {
    return fail({
      code: 'NC0104',
      message: `${what} has an element type that nanoc does not support (TensorProto.DataType ${number})`,
      help: 'nanoc reads float32, float16, float64, bool and integers of 4 to 64 bits',
    });
  }
  const count = elementCount(shape);
  if (count * bytesPerElement(dtype) > MAXIMUM_BYTES) {
    fail({
      code: 'NC0105',
      message: `${what} is too large: ${dtype}[${shape}]`,
      expected: `at most ${MAXIMUM_BYTES} bytes`,
    });
  }
  const wantedBytes = nibbles ? Math.ceil(count / 2) : count * bytesPerElement(dtype);
  const raw = rawBytes(proto, what, readExternal);
  if (raw !== undefined) {
    if (raw.length !== wantedBytes) mismatch(what, dtype, shape, `${wantedBytes} bytes of data`, `${raw.length}`);
    return { dtype, shape, data: nibbles ? unpackNibbles(raw, count, number === INT4) : fromBytes(dtype, raw) };
  }
  const list = typedData(proto, dtype);
  const wantedItems = nibbles ? Math.ceil(count / 2) : count;
  if (list.length !== wantedItems) mismatch(what, dtype, shape, `${wantedItems} elements of data`, `${list.length}`);
  if (nibbles) return { dtype, shape, data: unpackNibbles(Uint8Array.from(list, toNumber), count, number === INT4) };
  return { dtype, shape, data: fromTyped(list, dtype, count, what) };
}

/** Integers outside the range of the type would wrap: they are refused. */
function fromTyped(list: ArrayLike<unknown>, dtype: DataType, count: number, what: string): TensorData {
  const data = allocate(dtype, count);
  const integers = !dtype.startsWith('float') || dtype === 'float16';
  for (let i = 0; i < count; i += 1) {
    data[i] =
      data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(String(list[i])) : toNumber(list[i]);
    if (integers && (String(data[i]) !== String(list[i]) || (dtype === 'bool' && Number(data[i]) > 1))) {
      fail({
        code: 'NC0103',
        message: `${what} holds ${list[i]}, which is no ${dtype}`,
        expected: `values of ${dtype}`,
      });
    }
  }
  return data;
}

function mismatch(what: string, dtype: DataType, shape: readonly number[], expected: string, got: string): never {
  return fail({
    code: 'NC0103',
    message: `${what} does not hold what its shape says: ${dtype}[${shape}]`,
    expected: `${expected}, got ${got}`,
    help: 'the file is damaged or was written by a faulty exporter; export the model again',
  });
}

function typedData(proto: TensorProto, dtype: DataType): ArrayLike<unknown> {
  switch (dtype) {
    case 'float32':
      return proto.floatData ?? [];
    case 'float64':
      return proto.doubleData ?? [];
    case 'int64':
      return proto.int64Data ?? [];
    case 'uint32':
    case 'uint64':
      return proto.uint64Data ?? [];
    default:
      return proto.int32Data ?? [];
  }
}

function rawBytes(proto: TensorProto, what: string, readExternal: ReadExternal | undefined): Uint8Array | undefined {
  // TensorProto.DataLocation.EXTERNAL is 1.
  if (toNumber(proto.dataLocation) === 1) return externalBytes(proto, what, readExternal);
  return proto.rawData !== undefined && proto.rawData !== null && proto.rawData.length > 0 ? proto.rawData : undefined;
}

function externalBytes(proto: TensorProto, what: string, readExternal: ReadExternal | undefined): Uint8Array {
  const entries = new Map((proto.externalData ?? []).map((entry) => [entry.key ?? '', entry.value ?? '']));
  const location = entries.get('location') ?? '';
  const parts = location.split(/[/\\]/);
  if (location === '' || /^([/\\]|[a-zA-Z]:)/.test(location) || parts.includes('..') || location.includes('\0')) {
    fail({
      code: 'NC0106',
      message: `${what} points to data outside the model's folder: "${location}"`,
      because: 'external data is read only from files beside or below the model',
    });
  }
  if (readExternal === undefined) {
    return fail({
      code: 'NC0106',
      message: `${what} keeps its data in another file, "${location}", which was not given`,
    });
  }
  const bytes = readExternal(location);
  const offset = Number(entries.get('offset') ?? 0);
  const length = entries.has('length') ? Number(entries.get('length')) : bytes.length - offset;
  const valid = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!valid || offset + length > bytes.length) {
    fail({
      code: 'NC0103',
      message: `${what} lies outside its data file "${location}"`,
      expected: `offset + length up to ${bytes.length}, got ${entries.get('offset') ?? 0} + ${entries.get('length') ?? 'the rest'}`,
    });
  }
  return bytes.subarray(offset, offset + length);
}

/** Two elements a byte, the first in the low nibble (ONNX, "4 bit integer types"). */
function unpackNibbles(bytes: Uint8Array, count: number, signed: boolean): Int8Array | Uint8Array {
  const data = signed ? new Int8Array(count) : new Uint8Array(count);
  for (let i = 0; i < count; i += 1) {
    const nibble = (bytes[i >> 1]! >> ((i & 1) * 4)) & 15;
    data[i] = signed && nibble > 7 ? nibble - 16 : nibble;
  }
  return data;
}
