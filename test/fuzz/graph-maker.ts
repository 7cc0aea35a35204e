/** A random quantized ONNX graph under construction: names, constants, and the tensors that further operators may read. */
import { allocate, elementCount, integerRange, type Tensor } from '../../compiler/ir/tensor.js';
import { type BuilderAttribute, type BuilderNode, type BuilderTensor, buildModel } from '../support/onnx-builder.js';
import type { Random } from '../support/random.js';

export type Byte = 'int8' | 'uint8';

/** A quantized tensor of the graph, one scale for all elements. */
export interface Quantized {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: Byte;
  /** float32 */
  readonly scale: number;
  readonly zeroPoint: number;
}

export interface NodeOptions {
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, BuilderAttribute>>;
}

export class GraphMaker {
  readonly inputs: BuilderTensor[] = [];
  readonly outputs: BuilderTensor[] = [];
  readonly nodes: BuilderNode[] = [];
  private readonly initializers: { name: string; tensor: Tensor }[] = [];
  private readonly quantized: Quantized[] = [];
  private readonly read = new Set<string>();
  private counter = 0;

  /**
   * @param typical as trained models are: symmetric weights, no extreme scales, more channels; kernels written for such layers
   *   are reached more often
   */
  constructor(
    readonly random: Random,
    readonly opset: number,
    readonly typical = false,
  ) {}

  /** Quantized tensors so far, in order. */
  get tensors(): readonly Quantized[] {
    return this.quantized;
  }

  /** The tensor that the next operator reads: one of the last few, so that graphs branch and join. */
  recent(): Quantized {
    return this.random.pick(this.quantized.slice(-3));
  }

  /** Those that nothing reads. */
  ends(): Quantized[] {
    return this.quantized.filter(({ name }) => !this.read.has(name));
  }

  bytes(): Uint8Array {
    const { opset, inputs, outputs, initializers, nodes } = this;
    return buildModel({ opset, inputs, outputs, initializers, nodes });
  }

  fresh(stem: string): string {
    this.counter += 1;
    return `${stem}_${this.counter}`;
  }

  /** An input of the graph, quantized already or by a QuantizeLinear. */
  input(dtype: Byte, shape: readonly number[]): void {
    const q = { ...this.parameters(dtype, 0.05), shape };
    if (this.random.chance(0.2)) {
      const name = this.fresh('float_in');
      this.inputs.push({ name, dtype: 'float32', shape });
      this.quantize(name, q);
      return;
    }
    this.inputs.push({ name: q.name, dtype, shape });
    this.quantized.push(q);
  }

  /** A fresh name, a scale near `around` and a zero point. */
  parameters(dtype: Byte, around: number): Omit<Quantized, 'shape'> {
    return { name: this.fresh('q'), dtype, scale: this.scale(around), zeroPoint: this.zeroPoint(dtype) };
  }

  /** Parameters for the result of an operator; the type follows the input, as ONNX Runtime's kernels want. */
  result(like: Quantized, shape: readonly number[], around: number): Quantized {
    return { ...this.parameters(like.dtype, around), shape };
  }

  scale(around: number): number {
    const { random } = this;
    if (this.typical) return Math.fround(around * (0.5 + random.next()));
    const spread = random.chance(0.05) ? 10 ** (random.next() * 6 - 3) : 0.5 + random.next();
    // Powers of two put results exactly on ties.
    return Math.fround(random.chance(0.2) ? 2 ** Math.round(Math.log2(around * spread)) : around * spread);
  }

  zeroPoint(dtype: Byte): number {
    const [low, high] = integerRange(dtype);
    const special = [low, high, dtype === 'int8' ? 0 : 128];
    return this.random.chance(0.3) ? this.random.pick(special) : this.random.integer(low, high);
  }

  constant(stem: string, dtype: Tensor['dtype'], shape: readonly number[], values: readonly number[]): string {
    const name = this.fresh(stem);
    const data = allocate(dtype, values.length);
    values.forEach((value, index) => {
      data[index] = (data instanceof BigInt64Array ? BigInt(value) : value) as never;
    });
    this.initializers.push({ name, tensor: { dtype, shape, data } });
    return name;
  }

  ints(stem: string, ...values: number[]): string {
    return this.constant(stem, 'int64', [values.length], values);
  }

  float(stem: string, value: number): string {
    return this.constant(stem, 'float32', [], [value]);
  }

  /** Initializers of scale and zero point. */
  scaleAndZero({ scale, zeroPoint, dtype }: Quantized): [string, string] {
    return [this.float('scale', scale), this.constant('zero', dtype, [], [zeroPoint])];
  }

  /** A node with one output; its name. */
  node(op: string, inputs: readonly string[], options: NodeOptions = {}): string {
    return this.nodeWithOutputs(op, inputs, [this.fresh(op.toLowerCase())], options)[0]!;
  }

  nodeWithOutputs(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    options: NodeOptions = {},
  ): readonly string[] {
    for (const input of inputs) this.read.add(input);
    this.nodes.push({ op, name: `${op}_${this.nodes.length}`, inputs, outputs, ...options });
    return outputs;
  }

  /** DequantizeLinear of a tensor. */
  dequantize(q: Quantized): string {
    return this.node('DequantizeLinear', [q.name, ...this.scaleAndZero(q)]);
  }

  /** QuantizeLinear of a float into a tensor that others may read. */
  quantize(float: string, q: Quantized): void {
    this.nodeWithOutputs('QuantizeLinear', [float, ...this.scaleAndZero(q)], [q.name]);
    this.quantized.push(q);
  }

  /** An operator on quantized values: its output is `q`. */
  quantizedNode(op: string, inputs: readonly string[], q: Quantized, options: NodeOptions = {}): void {
    this.nodeWithOutputs(op, inputs, [q.name], options);
    this.quantized.push(q);
  }

  /** Data, scale and zero point of a tensor: how QOperators take their inputs. */
  triple(q: Quantized): [string, string, string] {
    return [q.name, ...this.scaleAndZero(q)];
  }

  output(name: string, dtype: Tensor['dtype'], shape: readonly number[]): void {
    this.outputs.push({ name, dtype, shape });
  }

  /** Constant bytes, uniform, now and then of the two extremes alone. */
  bytesOf(stem: string, dtype: Byte, shape: readonly number[]): string {
    const [low, high] = integerRange(dtype);
    const extreme = this.random.chance(0.1);
    const one = () => (extreme ? this.random.pick([low, high]) : this.random.integer(low, high));
    return this.constant(stem, dtype, shape, Array.from({ length: elementCount(shape) }, one));
  }
}

/** One kind of operator that the generator can add. */
export interface Step {
  /** How often it is chosen among the steps that fit. */
  readonly weight: number;
  fits(x: Quantized, maker: GraphMaker): boolean;
  /** Adds the operator; nothing when the drawn parameters make no sense. */
  add(x: Quantized, maker: GraphMaker): void;
}
