/** One quantized node lowered by the first of its native (or portable) kernel options that takes it, with what the reference evaluator says. */
import { Diagnostics } from '../../compiler/diagnostics/diagnostic.js';
import type { AttributeValue, Graph, Node, Value } from '../../compiler/ir/graph.js';
import type { KernelFamily } from '../../compiler/ir/kernel-call.js';
import type { Feature } from '../../compiler/ir/target.js';
import { integerRange, type Tensor } from '../../compiler/ir/tensor.js';
import { operatorOf } from '../../compiler/ops/index.js';
import { viewNode } from '../../compiler/ops/node-view.js';
import { toNhwc } from './conv-case.js';
import type { NativeCase } from './native-conv.js';
import type { Random } from './random.js';

export interface Operand {
  readonly shape: readonly number[];
  readonly scale: number;
  readonly zeroPoint: number;
}

export interface LayerSpec {
  readonly op: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** In ONNX layout. */
  readonly inputs: readonly Operand[];
  readonly output: Operand;
  /** The kernel gets [N, H, W, C]. */
  readonly nhwc?: boolean;
  /** Of all values; int8 by default. */
  readonly dtype?: 'int8' | 'int16';
}

function valueOf(
  name: string,
  { shape, scale, zeroPoint }: Operand,
  { dtype = 'int8' }: LayerSpec,
  nhwc: boolean,
): Value {
  const [n, c, h, w] = shape as [number, number, number, number];
  const quantization = { scale: [Math.fround(scale)], zeroPoint: [zeroPoint] };
  return { name, dtype, shape: nhwc ? [n, h, w, c] : shape, quantization };
}

/** The node alone, with its values in ONNX layout or, `nhwc`, as kernels see them. */
export function graphOf(spec: LayerSpec, nhwc: boolean): Graph {
  const inputs = spec.inputs.map((_, i) => `x${i}`);
  const attributes = { ...spec.attributes, ...(nhwc ? { layout: 'NHWC' } : {}) };
  const node: Node = { name: 'layer', op: spec.op, domain: '', inputs, outputs: ['y'], attributes };
  const values = [
    ...spec.inputs.map((operand, i) => valueOf(inputs[i]!, operand, spec, nhwc)),
    valueOf('y', spec.output, spec, nhwc),
  ];
  return {
    ...{ name: 'layer', inputs, outputs: ['y'], nodes: [node], states: [], opsets: new Map([['', 13]]) },
    values: new Map(values.map((value) => [value.name, value])),
  };
}

function tensorData(dtype: 'int8' | 'int16', length: number, next: () => number): Int8Array | Int16Array {
  return dtype === 'int8' ? Int8Array.from({ length }, next) : Int16Array.from({ length }, next);
}

/** Random inputs in ONNX layout. */
export function tensorsOf(spec: LayerSpec, random: Random): Tensor[] {
  const { dtype = 'int8' } = spec;
  const [low, high] = integerRange(dtype);
  return spec.inputs.map(({ shape }): Tensor => {
    const length = shape.reduce((a, b) => a * b, 1);
    return { dtype, shape, data: tensorData(dtype, length, () => random.integer(low, high)) };
  });
}

/** Undefined where no option of the family takes the node. */
export function layerCase(
  spec: LayerSpec,
  features: readonly Feature[],
  random: Random,
  wanted: KernelFamily = 'native',
): NativeCase | undefined {
  const tensors = tensorsOf(spec, random);
  const reference = graphOf(spec, false);
  const operator = operatorOf(reference.nodes[0]!);
  const [y] = operator.evaluate!(viewNode(reference, reference.nodes[0]!, operator), tensors);
  const graph = graphOf(spec, spec.nhwc ?? false);
  const view = viewNode(graph, graph.nodes[0]!, operator);
  const context = { ...view, features: new Set(features), diagnostics: new Diagnostics() };
  const option = operator.kernels!.find(
    ({ family, needs = [], when }) =>
      family === wanted && needs.every((need) => features.includes(need)) && (when?.(context) ?? true) === true,
  );
  const built = option?.build(context);
  if (built === undefined || !('call' in built)) return undefined;
  const layout = (tensor: Tensor) => (spec.nhwc ? toNhwc(tensor) : tensor);
  const inputs = new Map(tensors.map((tensor, i) => [`x${i}`, layout(tensor)]));
  return { case: { call: built.call, graph, inputs }, expected: layout(y!).data as Int8Array };
}
