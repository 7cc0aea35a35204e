/** Random convolution models along time, for tests of `--stream`: a window of rows in, rows or one result out. */
import type { Tensor } from '../../compiler/ir/tensor.js';
import { ModelSketch, type Parameters, tensor } from './model-sketch.js';
import type { BuilderAttribute } from './onnx-builder.js';
import { Random } from './random.js';

/** How time lies in the input: [1,T,C], [1,C,T], [1,1,T,F], [1,1,F,T]. */
export type TimeForm = 'time, features' | 'channels, time' | 'time, frequency' | 'frequency, time';
export const TIME_FORMS: readonly TimeForm[] = [
  'time, features',
  'channels, time',
  'time, frequency',
  'frequency, time',
];

export type Ending = 'rows' | 'global average' | 'mean' | 'dense' | 'global maximum';
const ENDINGS: readonly Ending[] = ['rows', 'rows', 'global average', 'mean', 'dense', 'global maximum'];

export interface StreamModel {
  readonly model: ModelSketch;
  /** Time in the input. */
  readonly axis: number;
  readonly window: number;
  /** Product of the strides along time. */
  readonly strides: number;
  /** Every layer, for messages. */
  readonly layers: readonly string[];
}

export interface StreamModelOptions {
  readonly seed: number;
  readonly quantized: boolean;
  /** Padding of convolutions along time: none; any; in front only, as much as a row out for every row in takes. */
  readonly pads: 'none' | 'any' | 'causal';
  readonly form?: TimeForm;
}

/** A model from a seed. Values are [1, C, H, W] or [1, C, T] while it is made. */
export function streamModel(options: StreamModelOptions): StreamModel {
  return new Maker(options).make();
}

class Maker {
  private readonly m = new ModelSketch(17);
  private readonly random: Random;
  private readonly form: TimeForm;
  private readonly layers: string[] = [];
  private next = 0;
  private strides = 1;
  /** Of the value at hand. */
  private shape: number[] = [];

  constructor(private readonly options: StreamModelOptions) {
    this.random = new Random(options.seed);
    this.form = options.form ?? this.random.pick(TIME_FORMS);
  }

  make(): StreamModel {
    const { random, m, form, options } = this;
    const [time, others] = [2 * random.integer(7, 14), random.integer(2, 5)];
    const shapes: Record<TimeForm, number[]> = {
      'time, features': [1, time, others],
      'channels, time': [1, others, time],
      'time, frequency': [1, 1, time, others + 3],
      'frequency, time': [1, 1, others + 3, time],
    };
    const axis = shapes[form].indexOf(time);
    let x = m.input('x', 'float32', ...shapes[form]);
    this.shape = shapes[form];
    if (options.quantized) x = this.requantized(x);
    if (form === 'time, features') {
      this.shape = [1, others, time];
      x = m.node('Transpose', [x], 'turned', { perm: [0, 2, 1] });
    }
    const count = random.integer(2, 5);
    for (let i = 0; i < count; i += 1) x = this.layer(x);
    this.end(x, options.pads === 'causal' ? 'rows' : random.pick(ENDINGS));
    return { model: m, axis: axis === -1 ? 1 : axis, window: time, strides: this.strides, layers: this.layers };
  }

  /** Time in the value at hand. */
  private get time(): number {
    return this.form === 'time, frequency' ? 2 : this.shape.length - 1;
  }

  private name(stem: string): string {
    this.next += 1;
    return `${stem}_${this.next}`;
  }

  private layer(x: string): string {
    const { random } = this;
    const kinds = ['conv', 'conv', 'conv', 'depthwise', 'pointwise', 'activation', 'residual'];
    if (this.options.pads !== 'causal') kinds.push('max pool', 'average pool', 'normalization', 'branches', 'pad');
    const kind = random.pick(kinds);
    switch (kind) {
      case 'depthwise':
        return this.conv(x, this.shape[1]!, this.shape[1]!);
      case 'pointwise':
        return this.conv(x, random.integer(1, 6), 1, true);
      case 'activation':
        return this.activation(x);
      case 'residual':
        return this.residual(x);
      case 'max pool':
      case 'average pool':
        return this.pool(x, kind === 'max pool' ? 'MaxPool' : 'AveragePool');
      case 'normalization':
        return this.normalization(x);
      case 'branches':
        return this.branches(x);
      case 'pad':
        return this.pad(x);
      default:
        return this.conv(x, random.integer(1, 6), 1);
    }
  }

  /** Kernel, stride, dilation and pads along time, and the number of rows that come out; undefined where too few do. */
  private span(rows: number, plain: boolean, isPool = false) {
    const { random, options } = this;
    const kernel = plain ? 1 : random.integer(1, 4);
    const dilation = plain || isPool ? 1 : random.pick([1, 1, 2]);
    const extent = (kernel - 1) * dilation + 1;
    const stride = !plain && rows % 2 === 0 && rows > 10 && this.strides < 4 ? random.pick([1, 1, 2]) : 1;
    let [before, after] = [0, 0];
    if (options.pads === 'causal') before = Math.max(0, extent - 1 - (random.integer(0, 1) === 1 ? stride - 1 : 0));
    else if (options.pads === 'any' && extent > 1 && random.next() < 0.5) {
      if (random.next() < 0.5) [before, after] = [Math.floor((extent - 1) / 2), Math.ceil((extent - 1) / 2)];
      else [before, after] = [random.integer(0, extent - 1), random.integer(0, extent - 1)];
    }
    const room = rows + before + after - extent;
    const ceil = isPool && options.pads === 'any' && random.next() < 0.5;
    let out = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
    // A window that would begin in the padding does not count.
    if (ceil && (out - 1) * stride >= rows + before) out -= 1;
    return room < 0 || out < 3 ? undefined : { kernel, stride, dilation, before, after, out, ceil: ceil ? 1 : 0 };
  }

  private windowAttributes(
    span: NonNullable<ReturnType<Maker['span']>>,
    isPool = false,
  ): Record<string, BuilderAttribute> {
    const image = this.shape.length === 4;
    const other = image && !isPool && this.shape[this.otherAxis]! >= 3 ? 3 : 1;
    const pair = (time: number, across: number): number[] =>
      !image ? [time] : this.time === 2 ? [time, across] : [across, time];
    const pad = other === 3 ? 1 : 0;
    return {
      kernel_shape: pair(span.kernel, other),
      strides: pair(span.stride, 1),
      ...(isPool ? { ceil_mode: span.ceil } : { dilations: pair(span.dilation, 1) }),
      pads: [...pair(span.before, pad), ...pair(span.after, pad)],
    };
  }

  private get otherAxis(): number {
    return this.time === 2 ? 3 : 2;
  }

  private moved(span: NonNullable<ReturnType<Maker['span']>>, channels: number): void {
    this.strides *= span.stride;
    this.shape = this.shape.map((size, i) => (i === 1 ? channels : i === this.time ? span.out : size));
  }

  private conv(x: string, channels: number, group: number, plain = false): string {
    const span = this.span(this.shape[this.time]!, plain);
    if (span === undefined) return x;
    const { kernel_shape: kernel, ...attributes } = this.windowAttributes(span);
    const output = this.name('conv');
    const shape = [channels, this.shape[1]! / group, ...(kernel as number[])];
    const weights = this.weights(`${output}_w`, shape);
    const bias = this.m.constant(`${output}_b`, this.floats([channels], 1));
    const y = this.m.node('Conv', [x, weights, bias], output, { ...attributes, kernel_shape: kernel!, group });
    this.layers.push(`Conv ${JSON.stringify({ ...span, group })}`);
    this.moved(span, channels);
    return this.requantized(y);
  }

  private pool(x: string, op: 'MaxPool' | 'AveragePool'): string {
    const span = this.span(this.shape[this.time]!, false, true);
    if (span === undefined) return x;
    // Padding of a pool is narrower than its kernel.
    if (Math.max(span.before, span.after) >= span.kernel) return x;
    const include = op === 'AveragePool' ? { count_include_pad: this.random.integer(0, 1) } : {};
    const y = this.m.node(op, [x], this.name('pool'), { ...this.windowAttributes(span, true), ...include });
    this.layers.push(`${op} ${JSON.stringify({ ...span, ...include })}`);
    this.moved(span, this.shape[1]!);
    return op === 'MaxPool' ? y : this.requantized(y);
  }

  private activation(x: string): string {
    const op = this.random.pick(['Relu', 'Sigmoid', 'Tanh', 'LeakyRelu']);
    this.layers.push(op);
    return this.requantized(this.m.node(op, [x], this.name('act')));
  }

  private normalization(x: string): string {
    const output = this.name('norm');
    const channels = [this.shape[1]!];
    const parameters = ['scale', 'bias', 'mean'].map((what) =>
      this.m.constant(`${output}_${what}`, this.floats(channels, 1)),
    );
    const variance = this.m.constant(`${output}_variance`, tensor('float32', channels, 0.5, 1.5));
    this.layers.push('BatchNormalization');
    return this.requantized(this.m.node('BatchNormalization', [x, ...parameters, variance], output));
  }

  private pad(x: string): string {
    if (this.options.pads !== 'any') return x;
    const [before, after] = [this.random.integer(0, 2), this.random.integer(0, 2)];
    const list = (value: number) => this.shape.map((_, i) => (i === this.time ? value : 0));
    const output = this.name('pad');
    const pads = this.m.constant(
      `${output}_pads`,
      tensor('int64', [2 * this.shape.length], ...list(before), ...list(after)),
    );
    this.shape = this.shape.map((size, i) => (i === this.time ? size + before + after : size));
    this.layers.push(`Pad ${before},${after}`);
    return this.m.node('Pad', [x, pads], output);
  }

  /** x, cut to the rows of a convolution of it, and that convolution. */
  private residual(x: string): string {
    const before = [...this.shape];
    const strides = this.strides;
    const y = this.conv(x, this.shape[1]!, 1);
    const rows = this.shape[this.time]!;
    const lost = before[this.time]! - rows;
    if (y === x || this.strides !== strides || lost < 0) return y;
    if (lost > 0 && this.options.pads === 'causal') return y;
    let other = x;
    if (lost > 0) {
      const start = Math.floor(lost / 2);
      const output = this.name('crop');
      const one = (what: string, value: number) => this.m.constant(`${output}_${what}`, tensor('int64', [1], value));
      other = this.m.node('Slice', [x, one('start', start), one('end', start + rows), one('axis', this.time)], output);
    }
    this.layers.push('Add');
    return this.requantized(this.m.node('Add', [y, other], this.name('sum')));
  }

  private branches(x: string): string {
    const { shape, strides } = this;
    const [before, was] = [[...shape], strides];
    const first = this.conv(x, this.random.integer(1, 3), 1);
    const left = [...this.shape];
    const leftStrides = this.strides;
    [this.shape, this.strides] = [before, was];
    const second = this.conv(x, this.random.integer(1, 3), 1);
    if (left[this.time] !== this.shape[this.time] || leftStrides !== this.strides) return second;
    this.shape[1]! += left[1]!;
    this.layers.push('Concat');
    return this.requantized(this.m.node('Concat', [first, second], this.name('both'), { axis: 1 }));
  }

  private end(x: string, ending: Ending): void {
    const { m } = this;
    this.layers.push(ending);
    let y = x;
    let shape = this.shape;
    if (ending === 'global average' || ending === 'global maximum') {
      y = m.node(ending === 'global average' ? 'GlobalAveragePool' : 'GlobalMaxPool', [x], 'pooled');
      shape = shape.map((size, i) => (i < 2 ? size : 1));
    } else if (ending === 'mean') {
      const axis = this.time;
      y = m.node('ReduceMean', [x], 'mean', { axes: [axis], keepdims: 0 });
      shape = shape.filter((_, i) => i !== axis);
    } else if (ending === 'dense') {
      const flat = m.node('Flatten', [x], 'flat', { axis: 1 });
      const inner = shape.reduce((a, b) => a * b, 1);
      y = m.node(
        'Gemm',
        [flat, this.weights('dense_w', [inner, 3]), m.constant('dense_b', this.floats([3], 1))],
        'dense',
      );
      shape = [1, 3];
    }
    if (ending !== 'rows') y = this.requantized(y);
    m.node('Identity', [y], 'y');
    m.output('y', 'float32', ...shape);
  }

  private floats(shape: readonly number[], limit: number): Tensor {
    const count = shape.reduce((a, b) => a * b, 1);
    return tensor('float32', shape, ...Array.from({ length: count }, () => (this.random.next() * 2 - 1) * limit));
  }

  /** Weights: float, or int8 dequantized. */
  private weights(name: string, shape: readonly number[]): string {
    if (!this.options.quantized) return this.m.constant(name, this.floats(shape, 0.6));
    const count = shape.reduce((a, b) => a * b, 1);
    const bytes = tensor('int8', shape, ...Array.from({ length: count }, () => this.random.integer(-127, 127)));
    return this.m.dequantize(this.m.constant(`${name}_q`, bytes), { scale: 0.005, zero: 0 }, name);
  }

  /** Through bytes, where the model is quantized. */
  private requantized(x: string): string {
    if (!this.options.quantized) return x;
    const parameters: Parameters = {
      scale: 0.02 + 0.02 * this.random.next(),
      zero: this.random.integer(-20, 20),
      dtype: this.options.seed % 3 === 0 ? 'uint8' : 'int8',
    };
    const zero = parameters.dtype === 'uint8' ? parameters.zero + 128 : parameters.zero;
    const bytes = this.m.quantize(x, `${x}_bytes`, { ...parameters, zero });
    return this.m.dequantize(bytes, { ...parameters, zero }, `${x}_back`);
  }
}
