/**
 * NumPy's .npy format, versions 1 to 3 (numpy/lib/format.py): magic, version, header length, a Python dict literal with `descr`,
 * `fortran_order` and `shape`, then the elements.
 */
import { allocate, bytesOf, bytesPerElement, type DataType, elementCount, type Tensor } from '../ir/tensor.js';
import { permute } from '../reference/source.js';

const TYPES: Readonly<Record<string, DataType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  u1: 'uint8',
  i2: 'int16',
  u2: 'uint16',
  i4: 'int32',
  u4: 'uint32',
  i8: 'int64',
  u8: 'uint64',
  b1: 'bool',
};

/** @throws Error, in words for the user, when the bytes are not such a file or hold something other than numbers */
export function readNpy(bytes: Uint8Array): Tensor {
  if (bytes.length < 10 || bytes[0] !== 0x93 || new TextDecoder('latin1').decode(bytes.subarray(1, 6)) !== 'NUMPY') {
    throw new Error('it does not start as a .npy file does');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw new Error(`version ${version} of the .npy format is not known`);
  if (version > 1 && bytes.length < 12) throw new Error('it breaks off in its header');
  const start = version === 1 ? 10 : 12;
  const end = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length) throw new Error('it breaks off in its header');
  const header = parseHeader(new TextDecoder().decode(bytes.subarray(start, end)));
  const count = elementCount(header.shape);
  const wanted = count * bytesPerElement(header.dtype);
  if (bytes.length - end !== wanted) {
    throw new Error(
      `shape [${header.shape}] of ${header.dtype} takes ${wanted} bytes, the file has ${bytes.length - end}`,
    );
  }
  const data = allocate(header.dtype, count);
  const target = bytesOf(data);
  target.set(bytes.subarray(end));
  if (header.bigEndian) reverseElements(target, bytesPerElement(header.dtype));
  if (!header.fortranOrder) return { dtype: header.dtype, shape: header.shape, data };
  // The first index runs fastest: the row-major array of the reversed shape, transposed.
  const reversed = [...header.shape].reverse();
  const perm = reversed.map((_, axis) => reversed.length - 1 - axis);
  return { dtype: header.dtype, shape: header.shape, data: permute(data, reversed, perm) };
}

function parseHeader(text: string) {
  const descr = /'descr'\s*:\s*'([<>|=])([a-zA-Z]\d+)'/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const shape = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text);
  if (order === null || shape === null) throw new Error('its header is not understood');
  const dtype = descr === null ? undefined : TYPES[descr[2]!];
  if (descr === null || dtype === undefined) {
    const kind = /'descr'\s*:\s*('[^']*'|\[[^\]]*\])/.exec(text)?.[1] ?? 'of unknown type';
    throw new Error(`its elements are ${kind}, not plain numbers`);
  }
  const dimensions = shape[1]!.split(',').map((each) => each.trim());
  return {
    dtype,
    bigEndian: descr[1] === '>' && bytesPerElement(dtype) > 1,
    fortranOrder: order[1] === 'True',
    shape: dimensions.filter((each) => each !== '').map(Number),
  };
}

function reverseElements(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** The bytes of a .npy file of version 1.0, aligned as NumPy does it. */
export function writeNpy(tensor: Tensor): Uint8Array {
  const code = Object.entries(TYPES).find(([, dtype]) => dtype === tensor.dtype)![0];
  const order = bytesPerElement(tensor.dtype) === 1 ? '|' : '<';
  const shape = tensor.shape.length === 1 ? `(${tensor.shape[0]},)` : `(${tensor.shape.join(', ')})`;
  const dict = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': ${shape}, }`;
  const text = `${dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11)}\n`;
  const head = new Uint8Array(10 + text.length);
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 0xff, text.length >> 8]);
  head.set(new TextEncoder().encode(text), 10);
  return Buffer.concat([head, bytesOf(tensor.data)]);
}
