/** Calls of vendors' kernels as one option gives them, with what the reference evaluator says in the arithmetic of the call. */
import { Diagnostics } from '../../compiler/diagnostics/diagnostic.js';
import type { Graph } from '../../compiler/ir/graph.js';
import type { KernelCall } from '../../compiler/ir/kernel-call.js';
import type { Target } from '../../compiler/ir/target.js';
import type { Tensor } from '../../compiler/ir/tensor.js';
import type { KernelOption } from '../../compiler/ops/define.js';
import { operatorOf } from '../../compiler/ops/index.js';
import { viewNode } from '../../compiler/ops/node-view.js';
import type { Library } from '../../compiler/vendor/library.js';
import { type ConvSpec, convCase, toNhwc } from './conv-case.js';
import type { NativeCase } from './native-conv.js';
import { graphOf, type LayerSpec, tensorsOf } from './native-layer.js';
import { Random } from './random.js';

/** Where and with what a call is to run. */
export interface VendorSetting {
  readonly target: Target;
  readonly library: Library;
}

/** The call that the option makes of a graph of one node; the reason where it refuses. */
export function callBy(option: KernelOption, graph: Graph, { target, library }: VendorSetting): KernelCall | string {
  const [node] = graph.nodes;
  const view = viewNode(graph, node!, operatorOf(node!));
  const features = new Set(target.features);
  const context = { ...view, features, diagnostics: new Diagnostics(), libraries: [library] };
  const fits = option.when!(context);
  if (fits !== true) return fits;
  const built = option.build(context);
  if (!('call' in built)) throw new Error('views for a vendor kernel');
  return built.call;
}

/** A convolution; undefined where the option refuses it. */
export function vendorConv(
  spec: ConvSpec,
  seed: number,
  option: KernelOption,
  setting: VendorSetting,
): NativeCase | undefined {
  const asOnnx = convCase(spec, new Random(seed));
  const call = callBy(option, asOnnx.graph, setting);
  if (typeof call === 'string') return undefined;
  const { law } = call;
  const { expected } = law === undefined ? asOnnx : convCase({ ...spec, law }, new Random(seed));
  return { case: { call, graph: asOnnx.graph, inputs: asOnnx.inputs }, expected: expected.data as Int8Array };
}

/** A node without weights; undefined where the option refuses it. */
export function vendorSpec(
  spec: LayerSpec,
  random: Random,
  option: KernelOption,
  setting: VendorSetting,
): NativeCase | undefined {
  const tensors = tensorsOf(spec, random);
  const layout = (tensor: Tensor) => (spec.nhwc ? toNhwc(tensor) : tensor);
  const graph = graphOf(spec, spec.nhwc ?? false);
  const call = callBy(option, graph, setting);
  if (typeof call === 'string') return undefined;
  const law = call.law === undefined ? {} : { law: call.law };
  const reference = graphOf({ ...spec, attributes: { ...spec.attributes, ...law } }, false);
  const node = reference.nodes[0]!;
  const [y] = operatorOf(node).evaluate!(viewNode(reference, node, operatorOf(node)), tensors);
  const inputs = new Map(tensors.map((tensor, i) => [`x${i}`, layout(tensor)]));
  return { case: { call, graph, inputs }, expected: layout(y!).data as Int8Array };
}

/** A node whose kernel sees the values as ONNX has them; undefined where the option refuses it. */
export function vendorLayer(
  graph: Graph,
  inputs: ReadonlyMap<string, Tensor>,
  option: KernelOption,
  setting: VendorSetting,
): NativeCase | undefined {
  const call = callBy(option, graph, setting);
  if (typeof call === 'string') return undefined;
  const node = graph.nodes[0]!;
  const lawful = call.law === undefined ? node : { ...node, attributes: { ...node.attributes, law: call.law } };
  const tensors = node.inputs.map((name) => graph.values.get(name)?.constant ?? inputs.get(name));
  const [y] = operatorOf(node).evaluate!(viewNode(graph, lawful, operatorOf(node)), tensors);
  return { case: { call, graph, inputs }, expected: y!.data as Int8Array };
}
