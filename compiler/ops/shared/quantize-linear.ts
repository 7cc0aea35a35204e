/** What QuantizeLinear and DequantizeLinear share: parameters in the inputs (as ONNX has them) or in the integer value. */
import type { Quantization, Value } from '../../ir/graph.js';
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import { type DataType, elementCount, type Tensor } from '../../ir/tensor.js';
import type { AttributeSpec, LowerContext, NodeView } from '../define.js';
import { elementwiseCall } from './unary.js';

/** Attributes of the newer opsets; blocks and other integer types are refused. */
export const quantizationAttributes: Readonly<Record<string, AttributeSpec>> = {
  axis: { type: 'int', default: 1 },
  saturate: { type: 'int', default: 1 },
  block_size: {
    type: 'int',
    default: 0,
    check: (value) => (value === 0 ? undefined : `is ${value}: blocked quantization is not supported`),
  },
  output_dtype: { type: 'int', default: 0 },
  precision: { type: 'int', default: 0 },
};

/** Parameters of the integer value: from inputs 1 and 2 if the node has them, else its own. */
export function parametersOf(view: NodeView, integer: Value, scale?: Tensor, zero?: Tensor): Quantization {
  if (scale === undefined) {
    if (integer.quantization !== undefined) return integer.quantization;
    return view.bad(`"${integer.name}" has no scale`, { expected: 'a scale input' });
  }
  const scales = Array.from(scale.data as Float32Array);
  const zeroPoint = zero === undefined ? scales.map(() => 0) : Array.from(zero.data as Int32Array, Number);
  if (scales.length === 1) return { scale: scales, zeroPoint };
  const axis = view.int('axis');
  return { scale: scales, zeroPoint, axis: axis < 0 ? axis + integer.shape.length : axis };
}

/** Elements as [outer][channels][inner]; one channel when there is one scale. */
export function channelsOf(shape: readonly number[], { scale, axis }: Quantization): readonly [number, number, number] {
  if (scale.length === 1 || axis === undefined) return [1, 1, elementCount(shape)];
  return [elementCount(shape.slice(0, axis)), shape[axis]!, elementCount(shape.slice(axis + 1))];
}

/** Index of the scale of each element in turn. */
export function channelAt(shape: readonly number[], quantization: Quantization): (position: number) => number {
  const [, channels, inner] = channelsOf(shape, quantization);
  return (position) => Math.floor(position / inner) % channels;
}

const SUFFIX: Partial<Record<DataType, string>> = { int8: 's8', uint8: 'u8', int16: 's16', int32: 's32' };

/** The C function for this integer type, e.g. `nanoc_quantize_s8`. */
export function functionFor(stem: string, dtype: DataType): string {
  return `${stem}_${SUFFIX[dtype] ?? dtype}`;
}

/** A call of (x, y, nanoc_quantization). */
export function quantizationCall(context: LowerContext, name: string, integer: Value): KernelCall {
  const quantization = parametersOf(context, integer);
  const [outer, channels, inner] = channelsOf(integer.shape, quantization);
  const fields: Record<string, ParamValue> = {
    outer: { int: outer },
    channels: { int: channels },
    inner: { int: inner },
    scale: { constant: { suffix: 'scale', data: Float32Array.from(quantization.scale), role: 'scale' } },
    zero: { constant: { suffix: 'zero', data: Int32Array.from(quantization.zeroPoint), role: 'parameters' } },
  };
  const call = elementwiseCall(context, name, 'nanoc/quantize.h');
  return {
    ...call,
    arguments: [...call.arguments, { kind: 'params', struct: 'nanoc_quantization', fields }],
    // int32 and float are two kinds of object to the C compiler, which may then reorder reads and writes.
    overlaps: integer.dtype === 'int32' ? [] : call.overlaps,
    alignment: 4,
  };
}
