import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../diagnostics/diagnostic.js';
import { bytesOf, type TensorData } from '../../ir/tensor.js';
import { type ReadExternal, readTensor, type TensorProto } from './tensor-proto.js';

/** Through the wire format, so that 64-bit fields come as the decoder gives them. */
function read(proto: TensorProto, readExternal?: ReadExternal) {
  const decoded = onnxProto.onnx.TensorProto.decode(onnxProto.onnx.TensorProto.encode(proto).finish());
  return readTensor(decoded, 'initializer "w"', readExternal);
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics[0]!.code;
  }
}

const both: readonly [string, number, TensorData, TensorProto][] = [
  ['float32', 1, Float32Array.of(1.5, -0.25), { floatData: [1.5, -0.25] }],
  ['uint8', 2, Uint8Array.of(0, 255), { int32Data: [0, 255] }],
  ['int8', 3, Int8Array.of(-128, 127), { int32Data: [-128, 127] }],
  ['uint16', 4, Uint16Array.of(0, 65535), { int32Data: [0, 65535] }],
  ['int16', 5, Int16Array.of(-32768, 32767), { int32Data: [-32768, 32767] }],
  ['int32', 6, Int32Array.of(-2147483648, 2147483647), { int32Data: [-2147483648, 2147483647] }],
  [
    'int64',
    7,
    BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n),
    { int64Data: ['-9223372036854775808', '9223372036854775807'] as never },
  ],
  ['bool', 9, Uint8Array.of(0, 1), { int32Data: [0, 1] }],
  ['float16', 10, Uint16Array.of(0x3c00, 0x8001), { int32Data: [0x3c00, 0x8001] }],
  ['float64', 11, Float64Array.of(1e300, -0.1), { doubleData: [1e300, -0.1] }],
  ['uint32', 12, Uint32Array.of(0, 4294967295), { uint64Data: [0, 4294967295] }],
  ['uint64', 13, BigUint64Array.of(0n, 2n ** 64n - 1n), { uint64Data: ['0', '18446744073709551615'] as never }],
];

describe('tensors of every type', () => {
  it.each(both)('%s as raw data', (dtype, dataType, data) => {
    expect(read({ dataType, dims: [2], rawData: bytesOf(data) })).toEqual({ dtype, shape: [2], data });
  });

  it.each(both)('%s as typed data', (dtype, dataType, data, typed) => {
    expect(read({ dataType, dims: [2], ...typed })).toEqual({ dtype, shape: [2], data });
  });

  it.each([
    ['int4', 22, 'int8', Int8Array.of(-8, 7, -1)],
    ['uint4', 21, 'uint8', Uint8Array.of(8, 7, 15)],
  ] as const)('%s is unpacked, low nibble first, raw and typed', (_, dataType, dtype, data) => {
    const packed = [0x78, 0x0f];
    expect(read({ dataType, dims: [3], rawData: Uint8Array.from(packed) })).toEqual({ dtype, shape: [3], data });
    expect(read({ dataType, dims: [3], int32Data: packed })).toEqual({ dtype, shape: [3], data });
  });

  it('scalars and empty tensors', () => {
    expect(read({ dataType: 3, dims: [], int32Data: [5] })).toEqual({
      dtype: 'int8',
      shape: [],
      data: Int8Array.of(5),
    });
    expect(read({ dataType: 7, dims: [0] })).toEqual({ dtype: 'int64', shape: [0], data: new BigInt64Array(0) });
  });

  it('raw data is copied: it need not be aligned in the file', () => {
    const file = new Uint8Array(9);
    file.set(bytesOf(Float32Array.of(1, 2)), 1);
    expect(readTensor({ dataType: 1, dims: [2], rawData: file.subarray(1) }, 'w', undefined).data).toEqual(
      Float32Array.of(1, 2),
    );
  });

  it.each([8, 14, 15, 16, 17, 99])('type %i is refused', (dataType) => {
    expect(codeOf(() => read({ dataType, dims: [1], rawData: new Uint8Array(16) }))).toBe('NC0104');
  });

  it.each<[string, TensorProto]>([
    ['int8', { dataType: 3, dims: [1], int32Data: [128] }],
    ['uint8', { dataType: 2, dims: [1], int32Data: [-1] }],
    ['bool', { dataType: 9, dims: [1], int32Data: [2] }],
    ['uint32', { dataType: 12, dims: [1], uint64Data: [4294967296] }],
  ])('typed data outside the range of %s is refused, not wrapped', (_, proto) => {
    expect(codeOf(() => read(proto))).toBe('NC0103');
  });
});

describe('external data', () => {
  const file = Uint8Array.of(1, 2, 3, 4, 5, 6);
  const at = (location: string, offset?: number | string, length?: number | string): TensorProto => ({
    dataType: 3,
    dims: [2],
    dataLocation: 1,
    externalData: [
      { key: 'location', value: location },
      ...(offset === undefined ? [] : [{ key: 'offset', value: String(offset) }]),
      ...(length === undefined ? [] : [{ key: 'length', value: String(length) }]),
    ],
  });
  const readFile: ReadExternal = (location) => (location === 'w.bin' ? file : new Uint8Array(0));

  it('is read at its offset', () => {
    expect(read(at('w.bin', 2, 2), readFile).data).toEqual(Int8Array.of(3, 4));
    expect(read(at('w.bin', 4), readFile).data).toEqual(Int8Array.of(5, 6));
  });

  it.each([
    [5, 2],
    [-1, 2],
    [2 ** 53, 2],
    [0, -2],
    ['x', 2],
    [0, 1],
    [0, 3],
  ])('outside the file, or of another length, is refused: offset %s, length %s', (offset, length) => {
    expect(codeOf(() => read(at('w.bin', offset, length), readFile))).toBe('NC0103');
  });

  it.each([
    '/etc/passwd',
    '../w.bin',
    'a/../../w.bin',
    'a\\..\\..\\w.bin',
    'C:\\w.bin',
    '\\\\server\\w.bin',
    'w.bin\0',
    '',
  ])('outside the folder is refused before anything is opened: %j', (location) => {
    const opened: string[] = [];
    const open: ReadExternal = (each) => {
      opened.push(each);
      return file;
    };
    expect(codeOf(() => read(at(location, 0, 2), open))).toBe('NC0106');
    expect(opened).toEqual([]);
  });

  it('needs a reader', () => {
    expect(codeOf(() => read(at('w.bin', 0, 2)))).toBe('NC0106');
  });
});
