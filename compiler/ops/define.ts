/** The description of one ONNX operator: everything that nanoc knows about it stands in one file, `ops/<Operator>.ts`. */
import type { Diagnostics } from '../diagnostics/diagnostic.js';
import type { GraphEditor } from '../ir/builders.js';
import type { Graph, Node, Value } from '../ir/graph.js';
import type { KernelCall, View } from '../ir/kernel-call.js';
import type { Feature } from '../ir/target.js';
import type { DataType, Tensor } from '../ir/tensor.js';
import type { Library } from '../vendor/library.js';

export interface InputSpec {
  readonly name: string;
  readonly optional?: boolean;
  /** The last input may repeat (Concat). */
  readonly variadic?: boolean;
  /** The compiler must know its data (Reshape's shape, Slice's starts). */
  readonly mustBeConstant?: boolean;
  /** A scale or zero point beside others, which the operator itself checks: it may be known at run time only. */
  readonly isDynamic?: boolean;
}

export interface AttributeSpec {
  readonly type: 'int' | 'float' | 'string' | 'ints' | 'floats' | 'strings' | 'tensor';
  /** As in the ONNX text; absent means none, `required` that leaving it out is an error. */
  readonly default?: number | string | readonly number[];
  readonly required?: boolean;
  /** Error text when the value is out of range, else undefined. */
  readonly check?: (value: unknown) => string | undefined;
}

/** A node with its values at hand, for infer, evaluate and lower. */
export interface NodeView {
  readonly graph: Graph;
  readonly node: Node;
  /** Opset version of the node's domain. */
  readonly opset: number;
  /** Value of input `index`; undefined when omitted. */
  input(index: number): Value | undefined;
  /** Value of input `index`; a diagnostic when omitted. */
  required(index: number): Value;
  output(index: number): Value;
  /** Attribute with its default applied. */
  int(name: string): number;
  float(name: string): number;
  string(name: string): string;
  ints(name: string): readonly number[];
  has(name: string): boolean;
  /** Throws NC0204 ("bad node") naming the node. For shape and attribute errors. */
  bad(message: string, detail?: { expected?: string; because?: string; help?: string }): never;
}

export interface Inferred {
  readonly dtype: DataType;
  readonly shape: readonly number[];
}

export interface LowerContext extends NodeView {
  readonly features: ReadonlySet<Feature>;
  readonly diagnostics: Diagnostics;
  /** `--optimize`; absent means balanced. */
  readonly optimize?: 'size' | 'speed' | 'balanced';
  /** Copies of vendors' libraries that kernels may call. */
  readonly libraries?: readonly Library[];
}

/** What lowering gives for one node. */
export type Lowered = LoweredCall | { readonly views: readonly View[] };

export interface LoweredCall {
  readonly call: KernelCall;
  /** A function that does more than this call needs, and serves it too: taken where another call brings it anyway. */
  readonly general?: { readonly function: string; build(): KernelCall };
}

/** Layers that kernels for float32 and bytes cannot run: activations of 16 bits. */
export type LayerForm = 'int16';

/** One way to run a node. First match wins among those of the chosen family; the portable one is last and always matches. */
export interface KernelOption {
  readonly function: string;
  readonly family: KernelCall['family'];
  readonly needs?: readonly Feature[];
  /** Of an operator with an integer form: what it takes instead of float32 and bytes. It is not asked about layers of another form. */
  readonly takes?: LayerForm;
  /** True when it fits, else the reason why not (shown by the report). */
  when?(context: LowerContext): true | string;
  build(context: LowerContext): Lowered;
}

/** How an operator behaves between DequantizeLinear and QuantizeLinear (phase 3, lift-qdq). */
export type QuantizedBehaviour =
  /** Only moves elements: same scale and zero point in and out; DQ and Q slide past it. */
  | 'moves-data'
  /** Has an integer form: runs on quantized values directly (Conv, MatMul, Add, AveragePool, Softmax, Concat ...). */
  | 'integer'
  /** Elementwise with one data input: becomes a 256-byte table that the compiler computes with `evaluate`. */
  | 'table'
  /** Has no integer form: a float island. */
  | 'float';

export interface OperatorDefinition {
  readonly name: string;
  readonly domain: '' | 'com.microsoft' | 'ai.nanoc';
  /** Opset versions in which the operator changed and which are understood, ascending; e.g. Conv: [1, 11, 22]. */
  readonly opsets: readonly number[];
  /** One line for `nanoc ops` and the docs: what is supported, what is not. */
  readonly summary: string;
  readonly inputs: readonly InputSpec[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly quantized: QuantizedBehaviour;
  /** It moves data, but only bytes: other integers are not moved past it. */
  readonly bytesOnly?: boolean;
  /** Where the behaviour depends on a node's attributes (Resize); overrides `quantized`, read through `behaviourOf`. */
  behaviour?(node: Node): QuantizedBehaviour;
  /** Type and shape of each output, or a diagnostic (`view.bad`). Works on ONNX layout. */
  infer(view: NodeView): readonly Inferred[];
  /**
   * Turns the node into canonical operators (QLinearConv -> Conv on quantized values, Gemm -> MatMul, Flatten -> Reshape).
   * Called in phase 3 before anything else. Operators with `normalize` need no `evaluate` and no `kernels`.
   */
  normalize?(view: NodeView, editor: GraphEditor): void;
  /**
   * The judge: slow, obvious, exact. Inputs in ONNX layout; float or quantized by the dtype and `quantization` of the values.
   * Result data must be what ONNX (profile `onnx`, docs/NUMERICS.md) says, bit for bit.
   */
  evaluate?(view: NodeView, inputs: readonly (Tensor | undefined)[]): readonly Tensor[];
  /** Kernels, best first. Layout-sensitive operators get NHWC values here (attribute layout: 'NHWC'). */
  readonly kernels?: readonly KernelOption[];
}

export function defineOp(definition: OperatorDefinition): OperatorDefinition {
  return definition;
}
