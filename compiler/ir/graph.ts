/**
 * The graph between the phases: immutable, in topological order, keyed by ONNX names (they are the "source locations").
 * Passes make a new graph with `GraphEditor` (builders.ts); `verifyGraph` (verify.ts) checks the invariants between phases.
 */
import type { Guard } from './guards.js';
import type { DataType, Tensor } from './tensor.js';

/**
 * real = (q - zeroPoint) * scale. One scale for the tensor, or one for each index of `axis`.
 * Scales are float32 values held as numbers (already rounded to float32).
 */
export interface Quantization {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
  /** Set only for per-channel quantization: then scale.length === shape[axis]. */
  readonly axis?: number;
}

/**
 * Which ONNX tensor a value holds, so that a layer on the device can be compared with ONNX's own.
 * device = onnx.reshape(source.shape).transpose(source.perm).reshape(value.shape), then lowered by half its range (128, 32768) where `signShift` is set. With `from`
 * the value is a band of it: as many elements as it has, from that one on, in the order of the device.
 * `applySource` (reference/source.ts) does it.
 */
export interface Source {
  readonly name: string;
  /** Shape that the ONNX tensor is seen in before `perm`; absent means its own. */
  readonly shape?: readonly number[];
  /** Permutation from that shape to this layout, as in ONNX Transpose; absent means same order. */
  readonly perm?: readonly number[];
  /** The ONNX tensor is uint8 and this one is int8, 128 lower; or uint16 and int16, 32768 lower. */
  readonly signShift?: boolean;
  /** First element of a band (compiler/bands), in the order of the device; absent means that the value is the whole tensor. */
  readonly from?: number;
}

export interface Value {
  readonly name: string;
  readonly dtype: DataType;
  /** All dimensions are known after 2-check. */
  readonly shape: readonly number[];
  /** How integers stand for real numbers. Absent on floats, and on integers that are not quantized (indices). */
  readonly quantization?: Quantization;
  /** Set for initializers and folded constants. */
  readonly constant?: Tensor;
  /** Absent where the value has no counterpart: in the reference graph of ONNX's own tensors, in the optimised one of the reference graph's values. */
  readonly source?: Source;
}

export type AttributeValue = number | string | readonly number[] | readonly string[] | Tensor | boolean;

export interface Node {
  /** Unique in the graph; the ONNX node name, or one made from its first output. */
  readonly name: string;
  /** ONNX operator name, spelled as ONNX spells it. */
  readonly op: string;
  /** '' is ai.onnx. */
  readonly domain: string;
  /** Value names; '' is an omitted optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** ONNX nodes that were merged into this one, in graph order (for reports). */
  readonly origins?: readonly string[];
  /** Until 2-check: the branches of ONNX `If` that the node stands in, so that one whose condition is constant is dropped unseen. */
  readonly branches?: readonly Guard[];
}

/** `--state output=input[:value]`: the output of one step is the input of the next. */
export interface StateBinding {
  readonly input: string;
  readonly output: string;
  /** Element value (quantized) that <model>_reset() writes. */
  readonly initial: number;
  /** The output is computed, and taken, only where these hold; else the state stays as it is. */
  readonly when?: readonly Guard[];
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly values: ReadonlyMap<string, Value>;
  readonly nodes: readonly Node[];
  /** Opset version by domain; '' is ai.onnx. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly states: readonly StateBinding[];
}

/** The value of this name; a missing one is a defect of nanoc. */
export function valueOf(graph: Graph, name: string): Value {
  const value = graph.values.get(name);
  if (value === undefined) throw new Error(`invariant: no value "${name}" in graph "${graph.name}"`);
  return value;
}

/** The node that writes each value. */
export function producers(graph: Graph): Map<string, Node> {
  const map = new Map<string, Node>();
  for (const node of graph.nodes) for (const output of node.outputs) if (output !== '') map.set(output, node);
  return map;
}

/** The nodes that read each value, in graph order; a node that reads it twice is listed once. */
export function consumers(graph: Graph): Map<string, Node[]> {
  const map = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const input of new Set(node.inputs)) {
      if (input === '') continue;
      const list = map.get(input);
      if (list === undefined) map.set(input, [node]);
      else list.push(node);
    }
  }
  return map;
}
