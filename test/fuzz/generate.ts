/**
 * Random small quantized graphs: QDQ and QOperator forms, uint8 and int8, per-tensor and per-channel, odd shapes, pads,
 * strides, groups, zero points anywhere, extreme scales, branches and several outputs.
 */
import { elementCount, integerRange, type Tensor } from '../../compiler/ir/tensor.js';
import { buildModel } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';

type Quantized = 'int8' | 'uint8';

/** A quantized tensor of the graph under construction. */
interface Q {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: Quantized;
  readonly scale: number;
  readonly zeroPoint: number;
}

interface NodeSpec {
  op: string;
  domain?: string;
  name?: string;
  inputs: string[];
  outputs: string[];
  // biome-ignore lint/suspicious/noExplicitAny: the builder takes every attribute form
  attributes?: Record<string, any>;
}

export interface FuzzModel {
  readonly bytes: Uint8Array;
  /** Operators in order, for the message of a failure. */
  readonly operators: readonly string[];
  readonly inputs: readonly { name: string; dtype: 'int8' | 'uint8' | 'float32'; shape: readonly number[] }[];
}

export function generateModel(seed: number): FuzzModel {
  return new Generator(new Random(seed)).generate();
}

class Generator {
  private readonly initializers: { name: string; tensor: Tensor }[] = [];
  private readonly nodes: NodeSpec[] = [];
  private readonly inputs: { name: string; dtype: 'int8' | 'uint8' | 'float32'; shape: readonly number[] }[] = [];
  private readonly live: Q[] = [];
  private readonly used = new Set<string>();
  private counter = 0;

  constructor(private readonly random: Random) {}

  generate(): FuzzModel {
    const { random } = this;
    const dtype = random.pick(['int8', 'uint8'] as const);
    const rank4 = random.chance(0.8);
    const shape = rank4
      ? [1, random.integer(1, 9), random.integer(1, 9), random.integer(1, 9)]
      : random.chance(0.5)
        ? [1, random.integer(1, 33)]
        : [1, random.integer(1, 9), random.integer(1, 12)];
    this.addInput(dtype, shape);
    const length = random.integer(1, 6);
    for (let i = 0; i < length; i += 1) this.step();
    const ends = this.live.filter((q) => !this.used.has(q.name));
    const outputs = ends.map((q) => {
      if (!random.chance(0.2)) return { name: q.name, dtype: q.dtype, shape: q.shape };
      const name = this.fresh('float_out');
      this.nodes.push({ op: 'DequantizeLinear', inputs: [q.name, ...this.parameters(q)], outputs: [name] });
      return { name, dtype: 'float32' as const, shape: q.shape };
    });
    const bytes = buildModel({
      opset: random.pick([13, 14, 17, 18, 21]),
      inputs: this.inputs,
      outputs: outputs.map((o) => ({ ...o, shape: [...o.shape] })),
      initializers: this.initializers,
      nodes: this.nodes.map((node, index) => ({ ...node, name: `${node.op}_${index}` })),
      // biome-ignore lint/suspicious/noExplicitAny: shapes are readonly here
    } as any);
    return { bytes, operators: this.nodes.map((n) => n.op), inputs: this.inputs };
  }

  private fresh(stem: string): string {
    this.counter += 1;
    return `${stem}_${this.counter}`;
  }

  private addInput(dtype: Quantized, shape: readonly number[]): void {
    const { random } = this;
    const scale = this.scale(0.05);
    const zeroPoint = this.zeroPoint(dtype);
    if (random.chance(0.2)) {
      const float = this.fresh('float_in');
      this.inputs.push({ name: float, dtype: 'float32', shape });
      const q: Q = { name: this.fresh('q'), shape, dtype, scale, zeroPoint };
      this.nodes.push({ op: 'QuantizeLinear', inputs: [float, ...this.parameters(q)], outputs: [q.name] });
      this.live.push(q);
      return;
    }
    const q: Q = { name: this.fresh('input'), shape, dtype, scale, zeroPoint };
    this.inputs.push({ name: q.name, dtype, shape });
    this.live.push(q);
  }

  private scale(around: number): number {
    const { random } = this;
    const spread = random.chance(0.05) ? 10 ** (random.next() * 6 - 3) : 0.5 + random.next();
    // Powers of two now and then: they put values exactly on ties.
    const exact = random.chance(0.15) ? 2 ** Math.round(Math.log2(around * spread)) : around * spread;
    return Math.fround(exact);
  }

  private zeroPoint(dtype: Quantized): number {
    const [low, high] = integerRange(dtype);
    return this.random.chance(0.3) ? this.random.pick([low, high, dtype === 'int8' ? 0 : 128]) : this.random.integer(low, high);
  }

  private constant(stem: string, dtype: Tensor['dtype'], shape: readonly number[], values: ArrayLike<number>): string {
    const name = this.fresh(stem);
    const data =
      dtype === 'float32'
        ? Float32Array.from(values)
        : dtype === 'int8'
          ? Int8Array.from(values)
          : dtype === 'uint8'
            ? Uint8Array.from(values)
            : dtype === 'int32'
              ? Int32Array.from(values)
              : BigInt64Array.from(Array.from(values, BigInt));
    this.initializers.push({ name, tensor: { dtype, shape: [...shape], data } });
    return name;
  }

  /** Names of the scale and zero point initializers of a quantized tensor. */
  private parameters(q: Q): [string, string] {
    return [this.constant('scale', 'float32', [], [q.scale]), this.constant('zero', q.dtype, [], [q.zeroPoint])];
  }

  private dequantized(q: Q): string {
    this.used.add(q.name);
    const name = this.fresh('dq');
    this.nodes.push({ op: 'DequantizeLinear', inputs: [q.name, ...this.parameters(q)], outputs: [name] });
    return name;
  }

  private quantizeInto(float: string, q: Q): void {
    this.nodes.push({ op: 'QuantizeLinear', inputs: [float, ...this.parameters(q)], outputs: [q.name] });
    this.live.push(q);
  }

  /** A new quantized tensor; the type follows the input, as ONNX Runtime's kernels want. */
  private output(like: Q, shape: readonly number[], around: number): Q {
    return { name: this.fresh('q'), shape, dtype: like.dtype, scale: this.scale(around), zeroPoint: this.zeroPoint(like.dtype) };
  }

  private step(): void {
    const { random } = this;
    const x = random.pick(this.live.slice(-3));
    const choices: (() => void)[] = [() => this.unary(x), () => this.reshape(x), () => this.binary(x), () => this.softmax(x)];
    if (x.shape.length === 4) {
      choices.push(
        ...[() => this.conv(x), () => this.conv(x), () => this.conv(x), () => this.conv(x)],
        ...[() => this.pool(x), () => this.pool(x), () => this.pad(x), () => this.globalPool(x)],
      );
    }
    if (x.shape.length === 2) choices.push(() => this.linear(x), () => this.linear(x), () => this.linear(x));
    if (x.shape.length >= 2) choices.push(() => this.transpose(x), () => this.slice(x), () => this.concat(x));
    random.pick(choices)();
  }

  private weights(x: Q, shape: readonly number[], channels: number, axis: number, fanIn: number) {
    const { random } = this;
    const dtype: Quantized = x.dtype === 'int8' ? 'int8' : random.pick(['int8', 'uint8'] as const);
    const perChannel = random.chance(0.5) && dtype === 'int8';
    const [low, high] = integerRange(dtype);
    const extreme = random.chance(0.1);
    const values = Array.from({ length: elementCount(shape) }, () =>
      extreme ? random.pick([low, high]) : random.integer(low, high),
    );
    const scales = Array.from({ length: perChannel ? channels : 1 }, () => this.scale(0.02));
    const zero = perChannel || random.chance(0.5) ? (dtype === 'uint8' ? 128 : 0) : this.zeroPoint(dtype);
    const vector = perChannel ? [channels] : [];
    return {
      w: this.constant('weight', dtype, shape, values),
      scale: this.constant('w_scale', 'float32', vector, scales),
      zero: this.constant('w_zero', dtype, vector, scales.map(() => zero)),
      scales,
      axis,
      perChannel,
      around: x.scale * Math.max(...scales) * Math.sqrt(fanIn) * 60,
      bias: random.chance(0.7)
        ? Array.from({ length: channels }, () => random.integer(-3000, 3000) * (extreme ? 10 : 1))
        : undefined,
    };
  }

  private biasFloat(x: Q, weights: ReturnType<Generator['weights']>): string[] {
    if (weights.bias === undefined) return [];
    const scales = weights.scales.map((s) => Math.fround(x.scale * s));
    const shape = weights.perChannel ? [scales.length] : [];
    const bias = this.constant('bias', 'int32', [weights.bias.length], weights.bias);
    const name = this.fresh('bias_dq');
    this.nodes.push({
      op: 'DequantizeLinear',
      inputs: [
        bias,
        this.constant('bias_scale', 'float32', shape, scales),
        this.constant('bias_zero', 'int32', shape, scales.map(() => 0)),
      ],
      outputs: [name],
      attributes: weights.perChannel ? { axis: 0 } : {},
    });
    return [name];
  }

  private conv(x: Q): void {
    const { random } = this;
    const [, channels, height, width] = x.shape as [number, number, number, number];
    const depthwise = random.chance(0.35);
    const divisors = [1, 2, 3, 4].filter((g) => channels % g === 0);
    const group = depthwise ? channels : random.pick(divisors);
    const out = depthwise ? channels * random.pick([1, 1, 1, 2]) : group * random.integer(1, Math.ceil(10 / group));
    const kernel = random.chance(0.35) ? [1, 1] : [random.integer(1, 4), random.integer(1, 4)];
    const dilations = random.chance(0.2) ? [random.integer(1, 2), random.integer(1, 2)] : [1, 1];
    const strides = random.chance(0.4) ? [random.integer(1, 3), random.integer(1, 3)] : [1, 1];
    const extent = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
    const pads = [0, 1, 2, 3].map((i) => (random.chance(0.5) ? random.integer(0, extent[i % 2]! - 1) : 0));
    const size = [height, width].map(
      (n, i) => Math.floor((n + pads[i]! + pads[i + 2]! - extent[i]!) / strides[i]!) + 1,
    );
    if (size.some((n) => n < 1)) return;
    const fanIn = (channels / group) * kernel[0]! * kernel[1]!;
    const weights = this.weights(x, [out, channels / group, ...kernel], out, 0, fanIn);
    const y = this.output(x, [1, out, ...size], weights.around / 100);
    const attributes = { kernel_shape: kernel, dilations, strides, pads, group };
    if (random.chance(0.4)) {
      this.used.add(x.name);
      const bias = weights.bias === undefined ? [] : [this.constant('bias', 'int32', [out], weights.bias)];
      const inputs = [x.name, ...this.parameters(x), weights.w, weights.scale, weights.zero, ...this.parameters(y), ...bias];
      this.nodes.push({ op: 'QLinearConv', inputs, outputs: [y.name], attributes });
      this.live.push(y);
      return;
    }
    const float = this.fresh('conv');
    const dqWeight = this.fresh('w_dq');
    this.nodes.push({
      op: 'DequantizeLinear',
      inputs: [weights.w, weights.scale, weights.zero],
      outputs: [dqWeight],
      attributes: weights.perChannel ? { axis: 0 } : {},
    });
    this.nodes.push({ op: 'Conv', inputs: [this.dequantized(x), dqWeight, ...this.biasFloat(x, weights)], outputs: [float], attributes });
    this.quantizeInto(this.activation(float), y);
  }

  private activation(float: string): string {
    const { random } = this;
    if (random.chance(0.5)) return float;
    const name = this.fresh('act');
    if (random.chance(0.7)) this.nodes.push({ op: 'Relu', inputs: [float], outputs: [name] });
    else {
      const bounds = [this.constant('min', 'float32', [], [0]), this.constant('max', 'float32', [], [6])];
      this.nodes.push({ op: 'Clip', inputs: [float, ...bounds], outputs: [name] });
    }
    return name;
  }

  private linear(x: Q): void {
    const { random } = this;
    const inner = x.shape[1]!;
    const out = random.integer(1, 20);
    const weights = this.weights(x, [inner, out], out, 1, inner);
    const y = this.output(x, [x.shape[0]!, out], weights.around / 100);
    const dqWeight = this.fresh('w_dq');
    this.nodes.push({
      op: 'DequantizeLinear',
      inputs: [weights.w, weights.scale, weights.zero],
      outputs: [dqWeight],
      attributes: weights.perChannel ? { axis: 1 } : {},
    });
    const bias = this.biasFloat(x, weights);
    const float = this.fresh('linear');
    if (random.chance(0.5)) {
      this.nodes.push({ op: 'Gemm', inputs: [this.dequantized(x), dqWeight, ...bias], outputs: [float] });
    } else {
      this.nodes.push({ op: 'MatMul', inputs: [this.dequantized(x), dqWeight], outputs: [float] });
    }
    this.quantizeInto(this.activation(float), y);
  }

  private pool(x: Q): void {
    const { random } = this;
    const kernel = [random.integer(1, 3), random.integer(1, 3)];
    const strides = [random.integer(1, 2), random.integer(1, 2)];
    const pads = [0, 1, 2, 3].map((i) => (random.chance(0.4) ? random.integer(0, kernel[i % 2]! - 1) : 0));
    const size = x.shape.slice(2).map((n, i) => Math.floor((n + pads[i]! + pads[i + 2]! - kernel[i]!) / strides[i]!) + 1);
    if (size.some((n) => n < 1)) return;
    const op = random.pick(['MaxPool', 'AveragePool']);
    const attributes: Record<string, unknown> = { kernel_shape: kernel, strides, pads };
    if (op === 'AveragePool' && random.chance(0.5)) attributes.count_include_pad = 1;
    const shape = [...x.shape.slice(0, 2), ...size];
    const y: Q = op === 'MaxPool' ? { ...x, name: this.fresh('q'), shape } : this.output(x, shape, x.scale);
    const float = this.fresh('pool');
    this.nodes.push({ op, inputs: [this.dequantized(x)], outputs: [float], attributes });
    this.quantizeInto(float, y);
  }

  private globalPool(x: Q): void {
    const float = this.fresh('gap');
    const mean = this.random.chance(0.5);
    const shape = [...x.shape.slice(0, 2), 1, 1];
    this.nodes.push({ op: mean ? 'GlobalAveragePool' : 'GlobalMaxPool', inputs: [this.dequantized(x)], outputs: [float] });
    this.quantizeInto(float, mean ? this.output(x, shape, x.scale) : { ...x, name: this.fresh('q'), shape });
  }

  private pad(x: Q): void {
    const pads = [0, 0, 0, 0, 0, 0, 0, 0].map((_, i) => (i % 4 >= 2 ? this.random.integer(0, 2) : 0));
    const shape = x.shape.map((n, i) => n + pads[i]! + pads[i + 4]!);
    const float = this.fresh('pad');
    this.nodes.push({ op: 'Pad', inputs: [this.dequantized(x), this.constant('pads', 'int64', [8], pads)], outputs: [float] });
    this.quantizeInto(float, { ...x, name: this.fresh('q'), shape });
  }

  private unary(x: Q): void {
    const { random } = this;
    const op = random.pick(['Relu', 'Sigmoid', 'Tanh', 'LeakyRelu', 'HardSigmoid', 'Clip']);
    const bounded = op === 'Sigmoid' || op === 'Tanh' || op === 'HardSigmoid';
    const y = this.output(x, x.shape, bounded ? 1 / 128 : x.scale);
    const float = this.fresh('unary');
    const extra = op === 'Clip' ? [this.constant('min', 'float32', [], [-1]), this.constant('max', 'float32', [], [2])] : [];
    this.nodes.push({
      op,
      inputs: [this.dequantized(x), ...extra],
      outputs: [float],
      attributes: op === 'LeakyRelu' ? { alpha: { float: 0.1 } } : {},
    });
    this.quantizeInto(float, y);
  }

  private binary(x: Q): void {
    const { random } = this;
    const same = this.live.filter((q) => q.shape.join() === x.shape.join() && q.dtype === x.dtype);
    const other = random.pick(same);
    const op = random.pick(['Add', 'Add', 'Mul', 'Sub']);
    const y = this.output(x, x.shape, op === 'Mul' ? x.scale * other.scale * 60 : x.scale + other.scale);
    const float = this.fresh('binary');
    this.nodes.push({ op, inputs: [this.dequantized(x), this.dequantized(other)], outputs: [float] });
    this.quantizeInto(op === 'Add' ? this.activation(float) : float, y);
  }

  private softmax(x: Q): void {
    const float = this.fresh('softmax');
    const dtype = x.dtype;
    const y: Q = { name: this.fresh('q'), shape: x.shape, dtype, scale: 1 / 256, zeroPoint: dtype === 'int8' ? -128 : 0 };
    this.nodes.push({ op: 'Softmax', inputs: [this.dequantized(x)], outputs: [float], attributes: { axis: -1 } });
    this.quantizeInto(float, y);
  }

  /** Movement runs between DQ and Q, or on the integers themselves. */
  private move(x: Q, shape: readonly number[], node: Omit<NodeSpec, 'inputs' | 'outputs'> & { extra?: string[] }): void {
    const y: Q = { ...x, name: this.fresh('q'), shape };
    const { extra = [], ...rest } = node;
    if (this.random.chance(0.5)) {
      this.used.add(x.name);
      this.nodes.push({ ...rest, inputs: [x.name, ...extra], outputs: [y.name] });
      this.live.push(y);
      return;
    }
    const float = this.fresh('moved');
    this.nodes.push({ ...rest, inputs: [this.dequantized(x), ...extra], outputs: [float] });
    this.quantizeInto(float, y);
  }

  private reshape(x: Q): void {
    const count = elementCount(x.shape);
    if (this.random.chance(0.5)) return this.move(x, [1, count], { op: 'Flatten' });
    const factor = this.random.pick([1, 2, 3, 4].filter((f) => count % f === 0));
    const shape = [1, factor, count / factor];
    this.move(x, shape, { op: 'Reshape', extra: [this.constant('shape', 'int64', [3], shape)] });
  }

  private transpose(x: Q): void {
    const perm = x.shape.map((_, i) => i);
    for (let i = perm.length - 1; i > 1; i -= 1) {
      const j = this.random.integer(1, i);
      [perm[i], perm[j]] = [perm[j]!, perm[i]!];
    }
    this.move(x, perm.map((p) => x.shape[p]!), { op: 'Transpose', attributes: { perm } });
  }

  private slice(x: Q): void {
    const axis = this.random.integer(1, x.shape.length - 1);
    const size = x.shape[axis]!;
    const start = this.random.integer(0, size - 1);
    const end = this.random.integer(start + 1, size);
    const step = this.random.integer(1, 2);
    const shape = x.shape.map((n, i) => (i === axis ? Math.ceil((end - start) / step) : n));
    const extra = [start, end, axis, step].map((v) => this.constant('slice', 'int64', [1], [v]));
    this.move(x, shape, { op: 'Slice', extra });
  }

  private concat(x: Q): void {
    const axis = this.random.integer(1, x.shape.length - 1);
    const matches = this.live.filter(
      (q) => q.dtype === x.dtype && q.shape.length === x.shape.length && q.shape.every((n, i) => i === axis || n === x.shape[i]),
    );
    const other = this.random.pick(matches);
    const shape = x.shape.map((n, i) => (i === axis ? n + other.shape[i]! : n));
    const float = this.fresh('concat');
    const y = this.output(x, shape, Math.max(x.scale, other.scale));
    this.nodes.push({ op: 'Concat', inputs: [this.dequantized(x), this.dequantized(other)], outputs: [float], attributes: { axis } });
    this.quantizeInto(float, y);
  }
}
