/** Conv, ConvTranspose, MatMul, Gemm and their QOperator forms. */
import type { GraphMaker, Quantized, Step } from '../graph-maker.js';

interface Weights {
  readonly name: string;
  readonly dtype: 'int8' | 'uint8';
  readonly scaleName: string;
  readonly zeroName: string;
  readonly scales: readonly number[];
  readonly perChannel: boolean;
  /** A size of the output's scale with which few results saturate. */
  readonly around: number;
}

/** Sums of `count` products of random bytes spread over some two thirds of the output's range. */
function outputScale(productScale: number, count: number): number {
  return productScale * Math.sqrt(count) * 100;
}

function weightsFor(
  maker: GraphMaker,
  x: Quantized,
  shape: readonly number[],
  channels: number,
  fanIn: number,
  mayBePerChannel = true,
): Weights {
  const { random } = maker;
  const dtype = x.dtype === 'int8' ? 'int8' : random.pick(['int8', 'uint8'] as const);
  const perChannel = mayBePerChannel && maker.opset >= 13 && dtype === 'int8' && random.chance(0.5);
  const scales = Array.from({ length: perChannel ? channels : 1 }, () => maker.scale(0.02));
  const symmetric = perChannel || maker.typical || random.chance(0.5);
  const zero = symmetric ? (dtype === 'uint8' ? 128 : 0) : maker.zeroPoint(dtype);
  const vector = perChannel ? [channels] : [];
  return {
    name: maker.bytesOf('weight', dtype, shape),
    dtype,
    scaleName: maker.constant('w_scale', 'float32', vector, scales),
    zeroName: maker.constant(
      'w_zero',
      dtype,
      vector,
      scales.map(() => zero),
    ),
    scales,
    perChannel,
    around: outputScale(x.scale * Math.max(...scales), fanIn),
  };
}

/** Sums beyond 2^24 are rounded on their way to float32. */
function biasValues(maker: GraphMaker, channels: number): number[] | undefined {
  const { random } = maker;
  if (random.chance(0.3)) return undefined;
  const size = random.chance(0.08) ? 30_000_000 : 3000;
  return Array.from({ length: channels }, () => random.integer(-size, size));
}

/** The bias as quantizers write it: int32 at the scale of the products behind a DequantizeLinear, or the same floats. */
function floatBias(maker: GraphMaker, x: Quantized, weights: Weights, channels: number): string[] {
  const values = biasValues(maker, channels);
  if (values === undefined) return [];
  const scales = weights.scales.map((scale) => Math.fround(x.scale * scale));
  if (maker.random.chance(0.1)) {
    const floats = values.map((value, i) => Math.fround(Math.fround(value) * scales[i % scales.length]!));
    return [maker.constant('bias', 'float32', [channels], floats)];
  }
  const vector = weights.perChannel ? [channels] : [];
  const zeros = scales.map(() => 0);
  const inputs = [
    maker.constant('bias', 'int32', [channels], values),
    maker.constant('bias_scale', 'float32', vector, scales),
    maker.constant('bias_zero', 'int32', vector, zeros),
  ];
  return [maker.node('DequantizeLinear', inputs, { attributes: weights.perChannel ? { axis: 0 } : {} })];
}

function dequantizedWeights(maker: GraphMaker, weights: Weights, axis: number): string {
  const attributes = weights.perChannel ? { axis } : {};
  return maker.node('DequantizeLinear', [weights.name, weights.scaleName, weights.zeroName], { attributes });
}

/** The float itself, or what comes out of a Relu or Clip. */
export function activation(maker: GraphMaker, float: string): string {
  const { random } = maker;
  if (random.chance(0.5)) return float;
  if (random.chance(0.7)) return maker.node('Relu', [float]);
  const [low, high] = random.pick([
    [0, 6],
    [-1, 1],
    [-0.3, 2.7],
  ] as const);
  return maker.node('Clip', [float, maker.float('min', low), maker.float('max', high)]);
}

interface Window {
  readonly kernel: number[];
  readonly strides: number[];
  readonly dilations: number[];
  /** [begin of each axis, end of each axis] */
  readonly pads: number[];
  /** Taps from the first to the last, by axis. */
  readonly extent: number[];
}

function windowFor(maker: GraphMaker, spatial: readonly number[]): Window {
  const { random } = maker;
  const pointwise = random.chance(0.3);
  const kernel = spatial.map(() => (pointwise ? 1 : random.integer(1, 4)));
  if (!pointwise && random.chance(0.3)) kernel.fill(3);
  const dilates = random.chance(0.15);
  const dilations = spatial.map(() => (dilates ? random.integer(1, 3) : 1));
  const strided = random.chance(0.4);
  const strides = spatial.map(() => (strided ? random.integer(1, 3) : 1));
  const extent = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
  const same = random.chance(0.4);
  const pad = (axis: number) => (random.chance(0.5) ? random.integer(0, extent[axis]! - 1) : 0);
  const begins = extent.map((n, axis) => (same ? Math.floor((n - 1) / 2) : pad(axis)));
  const ends = extent.map((n, axis) => (same ? n - 1 - begins[axis]! : pad(axis)));
  return { kernel, strides, dilations, pads: [...begins, ...ends], extent };
}

function outputSize(spatial: readonly number[], window: Window): number[] {
  const rank = spatial.length;
  return spatial.map((n, i) => {
    const padded = n + window.pads[i]! + window.pads[i + rank]!;
    return Math.floor((padded - window.extent[i]!) / window.strides[i]!) + 1;
  });
}

function channelPlan(maker: GraphMaker, channels: number): { group: number; out: number } {
  const { random } = maker;
  if (random.chance(0.35)) return { group: channels, out: channels * random.pick([1, 1, 1, 2, 3]) };
  if (maker.typical) return { group: 1, out: random.chance(0.6) ? 4 * random.integer(1, 8) : random.integer(1, 33) };
  const group = random.chance(0.7) ? 1 : random.pick([1, 2, 3, 4].filter((g) => channels % g === 0));
  const wide = random.pick([4, 8, 12, 16]);
  return { group, out: random.chance(0.4) ? wide * group : group * random.integer(1, Math.ceil(10 / group)) };
}

function addConv(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const [batch, channels, ...spatial] = x.shape as [number, number, ...number[]];
  const { group, out } = channelPlan(maker, channels);
  const window = windowFor(maker, spatial);
  const dilates = window.dilations.some((d) => d > 1);
  const auto = !dilates && random.chance(0.12) ? random.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID']) : undefined;
  const size =
    auto === undefined
      ? outputSize(spatial, window)
      : auto === 'VALID'
        ? outputSize(spatial, { ...window, pads: window.pads.map(() => 0) })
        : spatial.map((n, i) => Math.ceil(n / window.strides[i]!));
  if (size.some((n) => n < 1) || size.some((n) => n > 16)) return;
  const fanIn = (channels / group) * window.kernel.reduce((a, b) => a * b, 1);
  const weights = weightsFor(maker, x, [out, channels / group, ...window.kernel], out, fanIn);
  const y = maker.result(x, [batch, out, ...size], weights.around);
  const { kernel, dilations, strides, pads } = window;
  const padding = auto === undefined ? { pads } : { auto_pad: auto };
  const attributes = { kernel_shape: kernel, dilations, strides, group, ...padding };
  if (random.chance(0.4)) {
    const values = biasValues(maker, out);
    const bias = values === undefined ? [] : [maker.constant('bias', 'int32', [out], values)];
    const inputs = [...maker.triple(x), weights.name, weights.scaleName, weights.zeroName, ...maker.scaleAndZero(y)];
    maker.quantizedNode('QLinearConv', [...inputs, ...bias], y, { attributes });
    return;
  }
  const inputs = [maker.dequantize(x), dequantizedWeights(maker, weights, 0), ...floatBias(maker, x, weights, out)];
  maker.quantize(activation(maker, maker.node('Conv', inputs, { attributes })), y);
}

function addConvTranspose(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const [batch, channels, ...spatial] = x.shape as [number, number, ...number[]];
  const group = random.chance(0.6) ? 1 : random.pick([2, 3, channels].filter((g) => channels % g === 0).concat(1));
  const perGroup = random.integer(1, 5);
  const kernel = spatial.map(() => random.integer(1, 4));
  const strides = spatial.map(() => random.integer(1, 3));
  const pads = [...kernel, ...kernel].map((k) => (random.chance(0.5) ? random.integer(0, k - 1) : 0));
  const extra = strides.map((s) => (random.chance(0.3) ? random.integer(0, s - 1) : 0));
  const size = spatial.map(
    (n, i) => (n - 1) * strides[i]! + kernel[i]! + extra[i]! - pads[i]! - pads[i + spatial.length]!,
  );
  if (size.some((n) => n < 1 || n > 16)) return;
  const fanIn = (channels / group) * kernel.reduce((a, b) => a * b, 1);
  const weights = weightsFor(maker, x, [channels, perGroup, ...kernel], perGroup, fanIn, group === 1);
  const y = maker.result(x, [batch, perGroup * group, ...size], weights.around);
  const attributes = { kernel_shape: kernel, strides, pads, output_padding: extra, group };
  const bias = floatBias(maker, x, weights, perGroup * group);
  const inputs = [maker.dequantize(x), dequantizedWeights(maker, weights, 1), ...bias];
  maker.quantize(activation(maker, maker.node('ConvTranspose', inputs, { attributes })), y);
}

/** [.., K] times constant weights [K, N]. */
function addMatMul(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const inner = x.shape.at(-1)!;
  const out = random.chance(0.3) ? random.pick([4, 8, 16]) : random.integer(1, 20);
  const weights = weightsFor(maker, x, [inner, out], out, inner);
  const y = maker.result(x, [...x.shape.slice(0, -1), out], weights.around);
  if (random.chance(0.35)) {
    const inputs = [...maker.triple(x), weights.name, weights.scaleName, weights.zeroName, ...maker.scaleAndZero(y)];
    maker.quantizedNode('QLinearMatMul', inputs, y);
    return;
  }
  const product = maker.node('MatMul', [maker.dequantize(x), dequantizedWeights(maker, weights, 1)]);
  // ONNX Runtime makes a Gemm of these that it then refuses.
  const refused = maker.opset >= 21 && x.shape.length > 2;
  const bias = random.chance(0.5) && !refused ? floatBias(maker, x, weights, out) : [];
  const sum =
    bias.length === 0 ? product : maker.node('Add', random.chance(0.5) ? [product, ...bias] : [...bias, product]);
  maker.quantize(activation(maker, sum), y);
}

function addGemm(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const [rows, inner] = x.shape as [number, number];
  const out = random.chance(0.3) ? random.pick([4, 8, 16]) : random.integer(1, 20);
  const transB = random.chance(0.5) ? 1 : 0;
  const weights = weightsFor(maker, x, transB === 1 ? [out, inner] : [inner, out], out, inner);
  const y = maker.result(x, [rows, out], weights.around);
  if (random.chance(0.4)) {
    const values = biasValues(maker, out);
    const bias = values === undefined ? '' : maker.constant('bias', 'int32', [out], values);
    const inputs = [
      ...maker.triple(x),
      weights.name,
      weights.scaleName,
      weights.zeroName,
      bias,
      ...maker.scaleAndZero(y),
    ];
    maker.quantizedNode('QGemm', inputs, y, { domain: 'com.microsoft', attributes: { transB, alpha: { float: 1 } } });
    return;
  }
  const w = dequantizedWeights(maker, weights, transB === 1 ? 0 : 1);
  const inputs = [maker.dequantize(x), w, ...floatBias(maker, x, weights, out)];
  maker.quantize(activation(maker, maker.node('Gemm', inputs, { attributes: { transB } })), y);
}

/** Both sides are computed: x times its own transpose, or times another tensor that fits. */
function addComputedMatMul(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const inner = x.shape.at(-1)!;
  const fitting = maker.tensors.filter(
    (q) =>
      q.dtype === x.dtype &&
      q.shape.length === x.shape.length &&
      q.shape.at(-2) === inner &&
      q.shape.slice(0, -2).join() === x.shape.slice(0, -2).join(),
  );
  const rank = x.shape.length;
  const perm = x.shape.map((_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  let right: Quantized;
  if (fitting.length > 0 && random.chance(0.5)) right = random.pick(fitting);
  else {
    right = { ...x, name: maker.fresh('q'), shape: perm.map((p) => x.shape[p]!) };
    maker.quantizedNode('Transpose', [x.name], right, { attributes: { perm } });
  }
  const around = outputScale(x.scale * right.scale, inner);
  const y = maker.result(x, [...x.shape.slice(0, -1), right.shape.at(-1)!], around);
  if (random.chance(0.4)) {
    maker.quantizedNode('QLinearMatMul', [...maker.triple(x), ...maker.triple(right), ...maker.scaleAndZero(y)], y);
    return;
  }
  maker.quantize(maker.node('MatMul', [maker.dequantize(x), maker.dequantize(right)]), y);
}

const isImage = (x: Quantized) => x.shape.length === 4 || x.shape.length === 3;

export const productSteps: readonly Step[] = [
  { weight: 5, fits: isImage, add: addConv },
  { weight: 0.8, fits: (x) => x.shape.length === 4, add: addConvTranspose },
  { weight: 2, fits: (x) => x.shape.length === 2 || x.shape.length === 3, add: addMatMul },
  { weight: 2, fits: (x) => x.shape.length === 2, add: addGemm },
  { weight: 0.5, fits: (x) => x.shape.length >= 2 && x.shape.slice(-2).every((n) => n <= 16), add: addComputedMatMul },
];
