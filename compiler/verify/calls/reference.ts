/** What a single call has to compute: its node alone, as the operator's own `evaluate` wants it. */
import { type Graph, type Value, valueOf } from '../../ir/graph.js';
import type { KernelCall } from '../../ir/kernel-call.js';
import type { Tensor } from '../../ir/tensor.js';
import { evaluateGraph } from '../../reference/evaluate.js';
import { permute } from '../../reference/source.js';

export interface CallReference {
  /** The node in ONNX layout, with the arithmetic of its call; its inputs are the values that the call reads. */
  readonly graph: Graph;
  /** Names of values that are [N, H, W, C] on the device and [N, C, H, W] in `graph`. */
  readonly channelsLast: ReadonlySet<string>;
}

const TO_NHWC = [0, 2, 3, 1];

/** @param graph where the values of the call are described */
export function referenceOf({ node, law }: KernelCall, graph: Graph): CallReference {
  const { layout, ...attributes } = node.attributes;
  const channelsLast = new Set(layout === 'NHWC' ? [node.inputs[0]!, ...node.outputs] : []);
  const asOnnx = (value: Value): Value => {
    if (!channelsLast.has(value.name)) return value;
    const [n, h, w, c] = value.shape as [number, number, number, number];
    return { ...value, shape: [n, c, h, w] };
  };
  const names = [...new Set([...node.inputs, ...node.outputs])].filter((name) => name !== '');
  const values = names.map((name) => asOnnx(valueOf(graph, name)));
  const lawful = { ...node, attributes: law === undefined ? attributes : { ...attributes, law } };
  const inputs = values.filter(({ name, constant }) => constant === undefined && !node.outputs.includes(name));
  return {
    channelsLast,
    graph: {
      ...{ name: node.name, nodes: [lawful], states: [], opsets: graph.opsets },
      inputs: inputs.map(({ name }) => name),
      outputs: node.outputs.filter((name) => name !== ''),
      values: new Map(values.map((value) => [value.name, value])),
    },
  };
}

/** Outputs on the device, by name, from inputs in ONNX layout. */
export function expectedOf(reference: CallReference, inputs: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const results = evaluateGraph(reference.graph, inputs);
  return onDevice(reference, new Map(reference.graph.outputs.map((name) => [name, results.get(name)!])));
}

/** Tensors in ONNX layout as the device holds them. */
export function onDevice({ channelsLast }: CallReference, tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const moved = [...tensors].map(([name, tensor]): [string, Tensor] => {
    if (!channelsLast.has(name)) return [name, tensor];
    const { dtype, shape, data } = tensor;
    return [name, { dtype, shape: TO_NHWC.map((axis) => shape[axis]!), data: permute(data, shape, TO_NHWC) }];
  });
  return new Map(moved);
}
