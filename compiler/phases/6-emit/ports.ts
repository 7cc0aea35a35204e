/** Graph inputs and outputs as the header shows them: accessors and macros. */
import { byteLength, type DataType, elementCount } from '../../ir/tensor.js';
import { locate, type ModelContext, type Port } from './context.js';
import { shapeText } from './describe.js';
import { commentText, floatLiteral } from './literals.js';

export interface PortView {
  readonly direction: 'input' | 'output';
  readonly stem: string;
  readonly macro: string;
  /** ONNX name, safe for a comment. */
  readonly label: string;
  readonly dtype: DataType;
  readonly ctype: string;
  readonly shape: string;
  readonly dimensions: readonly number[];
  readonly elements: number;
  readonly bytes: number;
  /** `real = (q - zero point) * scale`; absent when the tensor is not quantized per tensor. */
  readonly quantization?: { readonly scale: string; readonly zeroPoint: number };
  readonly region: 'arena' | 'state' | 'flash';
  /** Bytes from the start of its region; absent in flash. */
  readonly offset?: number;
  /** C expression of the accessor. */
  readonly pointer: string;
}

const CTYPES: Readonly<Record<DataType, string>> = {
  float32: 'float',
  float16: 'uint16_t',
  float64: 'double',
  int8: 'int8_t',
  uint8: 'uint8_t',
  int16: 'int16_t',
  uint16: 'uint16_t',
  int32: 'int32_t',
  uint32: 'uint32_t',
  int64: 'int64_t',
  uint64: 'uint64_t',
  bool: 'uint8_t',
};

/** C element type of a tensor. */
export function ctypeOfDtype(dtype: DataType): string {
  return CTYPES[dtype];
}

export function portView(context: ModelContext, port: Port): PortView {
  const { value } = port;
  const location = locate(context, value.name);
  const ctype = ctypeOfDtype(value.dtype);
  const constant = port.direction === 'output' ? 'const ' : '';
  const base =
    location.region === 'flash'
      ? `((const uint8_t *)(const void *)${location.symbol} + ${location.offset})`
      : `&model->${location.region}[${context.buffers.stem(value.name).toUpperCase()}_OFFSET]`;
  const quantization = value.quantization;
  return {
    direction: port.direction,
    stem: port.stem,
    macro: port.macro,
    label: commentText(value.name),
    dtype: value.dtype,
    ctype,
    shape: shapeText(value.shape),
    dimensions: value.shape,
    elements: elementCount(value.shape),
    bytes: byteLength(value),
    ...(quantization?.scale.length === 1
      ? { quantization: { scale: floatLiteral(quantization.scale[0]!), zeroPoint: quantization.zeroPoint[0]! } }
      : {}),
    region: location.region,
    ...(location.region === 'flash' ? {} : { offset: location.offset }),
    pointer: `(${constant}${ctype} *)(${constant}void *)${base}`,
  };
}
