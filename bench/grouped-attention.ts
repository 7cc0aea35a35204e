/**
 * stories260K in float32 with com.microsoft.GroupQueryAttention in the place of its MatMul, Div, Where, Softmax and MatMul, and a cache for each
 * layer: what `--kv-cache` does where the heads of a cache lie apart. Keys are turned before, as they were.
 */
import onnxProto from 'onnx-proto';
import type { Tensor } from '../compiler/ir/tensor.js';
import { tensorProto, valueInfo } from '../test/support/onnx-builder.js';

const { onnx } = onnxProto;
type NodeProto = onnxProto.onnx.INodeProto;

const [HEADS, SHARED, SIZE, CONTEXT] = [8, 4, 8, 256];

export interface Grouped {
  readonly bytes: Uint8Array;
  readonly states: readonly string[];
}

/** @throws Error where the model is not stories260k_f32 as torch.onnx writes it */
export function groupedAttention(bytes: Uint8Array): Grouped {
  const model = onnx.ModelProto.decode(bytes);
  const graph = model.graph!;
  const producer = new Map(graph.node!.flatMap((node) => node.output!.map((name) => [name, node] as const)));
  const up = (name: string, ...ops: readonly string[]): NodeProto => {
    const node = producer.get(name);
    if (node === undefined || node.opType !== ops[0]) throw new Error(`"${name}" is not made by ${ops[0]}`);
    return ops.length === 1 ? node : up(node.input![0]!, ...ops.slice(1));
  };
  const added: NodeProto[] = [];
  const add = (opType: string, input: string[], ...output: string[]): string => {
    added.push({ opType, input, output, name: output[0]! });
    return output[0]!;
  };
  const constant = (name: string, tensor: Tensor): string => {
    graph.initializer!.push(tensorProto(name, tensor));
    return name;
  };
  const shape = (...sizes: number[]): string =>
    constant(`shape_${added.length}`, {
      dtype: 'int64',
      shape: [sizes.length],
      data: BigInt64Array.from(sizes, BigInt),
    });
  const isPresent = (name: string) => name === 'present_key' || name === 'present_value';
  const isPast = (name: string) => name === 'past_key' || name === 'past_value';
  graph.input = graph.input!.filter(({ name }) => !isPast(name!));
  graph.output = graph.output!.filter(({ name }) => !isPresent(name!));
  const total = constant('total', { dtype: 'int32', shape: [], data: Int32Array.of(CONTEXT) });
  added.push({
    opType: 'Cast',
    name: 'seqlens_k',
    input: ['pos'],
    output: ['seqlens_k'],
    attribute: [{ name: 'to', type: onnx.AttributeProto.AttributeType.INT, i: onnx.TensorProto.DataType.INT32 }],
  });
  const cache = (name: string) => valueInfo({ name, dtype: 'float32', shape: [1, SHARED, CONTEXT, SIZE] });
  const layers = graph.node!.filter(({ opType }) => opType === 'Softmax');
  layers.forEach((softmax, layer) => {
    // Where(hidden, mask, Div(MatMul(query, keys), root of the size))
    const scores = up(up(softmax.input![0]!, 'Where').input![2]!, 'Div', 'MatMul');
    const attended = graph.node!.find(({ input }) => input![0] === softmax.output![0])!;
    const row = (name: string) => up(name, 'Transpose', 'Reshape', 'Where').input![1]!;
    const flat = (name: string, label: string, width: number) =>
      add('Reshape', [name, shape(1, 1, width)], `${label}_${layer}`);
    const operands = [
      flat(scores.input![0]!, 'query', HEADS * SIZE),
      flat(row(scores.input![1]!), 'key', SHARED * SIZE),
      flat(row(attended.input![1]!), 'value', SHARED * SIZE),
    ];
    const [pasts, presents] = ['past', 'present'].map((time) => [`${time}_key_${layer}`, `${time}_value_${layer}`]) as [
      string[],
      string[],
    ];
    graph.input!.push(...pasts.map(cache));
    graph.output!.push(...presents.map(cache));
    added.push({
      opType: 'GroupQueryAttention',
      domain: 'com.microsoft',
      name: `attention_${layer}`,
      input: [...operands, ...pasts, 'seqlens_k', total],
      output: [`attended_${layer}`, ...presents],
      attribute: [
        { name: 'num_heads', type: onnx.AttributeProto.AttributeType.INT, i: HEADS },
        { name: 'kv_num_heads', type: onnx.AttributeProto.AttributeType.INT, i: SHARED },
      ],
    });
    add('Reshape', [`attended_${layer}`, shape(SHARED, HEADS / SHARED, SIZE)], attended.output![0]!);
    graph.node = graph.node!.filter((node) => node !== attended);
  });
  graph.node = sorted([...graph.node!, ...added], graph);
  model.opsetImport!.push({ domain: 'com.microsoft', version: 1 });
  const states = layers.flatMap((_, layer) =>
    ['key', 'value'].map((kind) => `present_${kind}_${layer}=past_${kind}_${layer}`),
  );
  return { bytes: onnx.ModelProto.encode(model).finish(), states };
}

/** Without the nodes that nothing reads any more, in the order of their inputs. */
function sorted(nodes: readonly NodeProto[], { output }: onnxProto.onnx.IGraphProto): NodeProto[] {
  const producer = new Map(nodes.flatMap((node) => node.output!.map((name) => [name, node] as const)));
  const placed = new Set<NodeProto>();
  const place = (name: string): void => {
    const node = producer.get(name);
    if (node === undefined || placed.has(node)) return;
    for (const each of node.input!) place(each);
    placed.add(node);
  };
  for (const { name } of output!) place(name!);
  return [...placed];
}
