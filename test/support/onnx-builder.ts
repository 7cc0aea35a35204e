/** Small ONNX models for tests, written with onnx-proto. */
import onnxProto from 'onnx-proto';
import { bytesOf, type DataType, type Tensor } from '../../compiler/ir/tensor.js';

const { onnx } = onnxProto;

const NUMBERS: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};

export type BuilderAttribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | BuilderGraph
  | Tensor;

export interface BuilderTensor {
  readonly name: string;
  readonly dtype: DataType;
  /** A string is a symbolic dimension. */
  readonly shape: readonly (number | string)[];
}

export interface BuilderNode {
  readonly op: string;
  readonly domain?: string;
  readonly name?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, BuilderAttribute>>;
}

/** A branch of If: it has no inputs, and reads what is around it. */
export interface BuilderGraph {
  readonly outputs: readonly BuilderTensor[];
  readonly initializers?: readonly { readonly name: string; readonly tensor: Tensor }[];
  readonly nodes: readonly BuilderNode[];
}

export interface BuilderModel {
  readonly opset?: number;
  readonly inputs: readonly BuilderTensor[];
  readonly outputs: readonly BuilderTensor[];
  readonly initializers?: readonly { readonly name: string; readonly tensor: Tensor }[];
  readonly nodes: readonly BuilderNode[];
}

/** The bytes of an .onnx file. */
export function buildModel(model: BuilderModel): Uint8Array {
  const domains = [...new Set(model.nodes.map((node) => node.domain ?? ''))].filter((domain) => domain !== '');
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: model.opset ?? 17 }, ...domains.map((domain) => ({ domain, version: 1 }))],
    graph: { ...graphProto(model), input: model.inputs.map(valueInfo) },
  }).finish();
}

function graphProto({ outputs, initializers = [], nodes }: BuilderGraph): onnxProto.onnx.IGraphProto {
  return {
    name: 'test',
    output: outputs.map(valueInfo),
    initializer: initializers.map(({ name, tensor }) => tensorProto(name, tensor)),
    node: nodes.map((node) => ({
      opType: node.op,
      domain: node.domain ?? '',
      name: node.name ?? '',
      input: [...node.inputs],
      output: [...node.outputs],
      attribute: Object.entries(node.attributes ?? {}).map(([name, value]) => attributeProto(name, value)),
    })),
  };
}

export function tensorProto(name: string, tensor: Tensor): onnxProto.onnx.ITensorProto {
  return { name, dataType: NUMBERS[tensor.dtype], dims: [...tensor.shape], rawData: bytesOf(tensor.data) };
}

export function valueInfo(tensor: BuilderTensor): onnxProto.onnx.IValueInfoProto {
  const dim = tensor.shape.map((n) => (typeof n === 'string' ? { dimParam: n } : { dimValue: n }));
  return { name: tensor.name, type: { tensorType: { elemType: NUMBERS[tensor.dtype], shape: { dim } } } };
}

function attributeProto(name: string, value: BuilderAttribute): onnxProto.onnx.IAttributeProto {
  const type = onnx.AttributeProto.AttributeType;
  if (typeof value === 'number') return { name, type: type.INT, i: value };
  if (typeof value === 'string') return { name, type: type.STRING, s: new TextEncoder().encode(value) };
  if (Array.isArray(value)) return { name, type: type.INTS, ints: [...value] };
  if ('float' in value) return { name, type: type.FLOAT, f: value.float };
  if ('strings' in value) {
    const encoder = new TextEncoder();
    return { name, type: type.STRINGS, strings: value.strings.map((text) => encoder.encode(text)) };
  }
  if ('floats' in value) return { name, type: type.FLOATS, floats: [...value.floats] };
  if ('nodes' in value) return { name, type: type.GRAPH, g: graphProto(value) };
  return { name, type: type.TENSOR, t: tensorProto('', value as Tensor) };
}
