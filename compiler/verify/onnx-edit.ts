/** The ONNX file as ONNX Runtime gets it: with more graph outputs, and with external data taken in. */
import onnxProto from 'onnx-proto';
import type { ModelSource } from '../compilation.js';
import { bytesOf, type Tensor } from '../ir/tensor.js';

const { onnx } = onnxProto;

/** Names of the tensors that nodes of the main graph write. */
export function nodeOutputs(source: ModelSource): Set<string> {
  const model = onnx.ModelProto.decode(source.bytes);
  return new Set((model.graph?.node ?? []).flatMap((node) => node.output ?? []).filter((name) => name !== ''));
}

/**
 * The model with these tensors as additional outputs; ONNX Runtime infers their types.
 * @param tables replaced where a Gather reads them, and only there
 */
export function withOutputs(
  source: ModelSource,
  names: readonly string[],
  tables: ReadonlyMap<string, Tensor> = new Map(),
): Uint8Array {
  const model = onnx.ModelProto.decode(source.bytes);
  const graph = model.graph!;
  const present = new Set((graph.output ?? []).map((output) => output.name));
  graph.output = [...(graph.output ?? []), ...names.filter((name) => !present.has(name)).map((name) => ({ name }))];
  for (const tensor of graph.initializer ?? []) takeIn(tensor, source);
  for (const [name, table] of tables) replaceTable(graph, name, table);
  return onnx.ModelProto.encode(model).finish();
}

function replaceTable(graph: onnxProto.onnx.IGraphProto, name: string, { shape, data }: Tensor): void {
  const replaced = `${name}/nanoc/rows`;
  for (const node of graph.node ?? [])
    if (node.opType === 'Gather' && node.input?.[0] === name) node.input = [replaced, ...node.input.slice(1)];
  const dataType = onnx.TensorProto.DataType.FLOAT;
  graph.initializer = [
    ...(graph.initializer ?? []),
    { name: replaced, dims: [...shape], dataType, rawData: bytesOf(data) },
  ];
}

function takeIn(tensor: onnxProto.onnx.ITensorProto, source: ModelSource): void {
  if (tensor.dataLocation !== onnx.TensorProto.DataLocation.EXTERNAL) return;
  const fields = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value ?? '']));
  const file = source.readExternal!(fields.get('location') ?? '');
  const offset = Number(fields.get('offset') ?? 0);
  const length = fields.has('length') ? Number(fields.get('length')) : file.length - offset;
  tensor.rawData = file.slice(offset, offset + length);
  tensor.dataLocation = onnx.TensorProto.DataLocation.DEFAULT;
  tensor.externalData = [];
}
