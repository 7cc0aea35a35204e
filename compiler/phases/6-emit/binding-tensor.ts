/** A graph input or output as the typed binding shows it, and TypeScript literals. */
import type { CodeBlockWriter } from 'ts-morph';
import { type Value, valueOf } from '../../ir/graph.js';
import { type DataType, elementCount } from '../../ir/tensor.js';
import type { EmitContext, Port } from './context.js';

const ARRAYS: Readonly<Record<DataType, string>> = {
  float32: 'Float32Array',
  float16: 'Uint16Array',
  float64: 'Float64Array',
  int8: 'Int8Array',
  uint8: 'Uint8Array',
  int16: 'Int16Array',
  uint16: 'Uint16Array',
  int32: 'Int32Array',
  uint32: 'Uint32Array',
  int64: 'BigInt64Array',
  uint64: 'BigUint64Array',
  bool: 'Uint8Array',
};

const QUANTIZED = new Set<DataType>(['int8', 'uint8', 'int16', 'uint16']);

/** A tensor as the binding shows it: in ONNX's type and shape. */
export interface BindingTensor {
  readonly property: string;
  readonly name: string;
  readonly array: string;
  readonly value: Value;
}

/** Inputs and outputs keep their order from the reference graph, which has ONNX's types and layout. */
export function tensorOf(context: EmitContext, port: Port): BindingTensor {
  const { graph, reference } = context.compilation;
  const names = port.direction === 'input' ? [graph.inputs, reference.inputs] : [graph.outputs, reference.outputs];
  const name = names[1]![names[0]!.indexOf(port.value.name)]!;
  const value = valueOf(reference, name);
  return { property: port.stem, name, array: ARRAYS[value.dtype], value };
}

/** Whether its elements stand for real numbers by one scale and zero point. */
export function isQuantized({ value }: BindingTensor): boolean {
  return QUANTIZED.has(value.dtype) && value.quantization?.scale.length === 1;
}

/** The fields of a tensor in `inputs` or `outputs`. */
export function writeTensor(writer: CodeBlockWriter, tensor: BindingTensor): void {
  const { value, name, array } = tensor;
  writer.writeLine(`name: ${quoted(name)},`);
  writer.writeLine(`dtype: '${value.dtype}',`);
  writer.writeLine(`shape: [${value.shape.join(', ')}],`);
  writer.writeLine(`length: ${elementCount(value.shape)},`);
  if (!isQuantized(tensor)) return;
  const [scale, zeroPoint] = [value.quantization!.scale[0]!, value.quantization!.zeroPoint[0]!];
  const how = `{ dtype: '${value.dtype}', scale: ${scale}, zeroPoint: ${zeroPoint} }`;
  writer.writeLine(`scale: ${scale},`);
  writer.writeLine(`zeroPoint: ${zeroPoint},`);
  writer.writeLine('/** Real numbers to elements, as QuantizeLinear. */');
  writer.writeLine(`quantize: (real: ArrayLike<number>): ${array} =>`);
  writer.indent(() => writer.writeLine(`quantizeArray(real, ${how}),`));
  writer.writeLine('/** Elements to real numbers, as DequantizeLinear. */');
  writer.writeLine(`dequantize: (elements: ${array}): Float32Array =>`);
  writer.indent(() => writer.writeLine(`dequantizeArray(elements, ${how}),`));
}

/** A string, list or record of strings and numbers as a TypeScript literal. */
export function literal(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([key, each]) => `${quoted(key)}: ${literal(each)}`);
  return `{ ${entries.join(', ')} }`;
}

/** A string literal in single quotes. */
export function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
