/** Operators that only move elements, and Concat. They run on the integers or between DequantizeLinear and QuantizeLinear. */
import { elementCount } from '../../../compiler/ir/tensor.js';
import type { GraphMaker, NodeOptions, Quantized, Step } from '../graph-maker.js';

function move(
  maker: GraphMaker,
  x: Quantized,
  shape: readonly number[],
  op: string,
  extra: readonly string[] = [],
  options: NodeOptions = {},
): void {
  const y: Quantized = { ...x, name: maker.fresh('q'), shape };
  if (maker.random.chance(0.5)) maker.quantizedNode(op, [x.name, ...extra], y, options);
  else maker.quantize(maker.node(op, [maker.dequantize(x), ...extra], options), y);
}

function addReshape(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const [batch, ...rest] = x.shape as [number, ...number[]];
  const count = elementCount(rest);
  const kind = random.integer(0, 4);
  if (kind === 0) return move(maker, x, [batch, count], 'Flatten');
  // Between DequantizeLinear and QuantizeLinear an Identity makes ONNX Runtime crash.
  if (kind === 1) return maker.quantizedNode('Identity', [x.name], { ...x, name: maker.fresh('q') });
  if (kind === 2 && x.shape.some((n, axis) => axis > 0 && n === 1)) {
    const axis = x.shape.findIndex((n, i) => i > 0 && n === 1);
    const shape = x.shape.filter((_, i) => i !== axis);
    const extra = maker.opset >= 13 ? [maker.ints('axes', axis)] : [];
    return move(maker, x, shape, 'Squeeze', extra, maker.opset >= 13 ? {} : { attributes: { axes: [axis] } });
  }
  if (kind === 3 && x.shape.length < 4) {
    const axis = random.integer(1, x.shape.length);
    const shape = [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)];
    const extra = maker.opset >= 13 ? [maker.ints('axes', axis)] : [];
    return move(maker, x, shape, 'Unsqueeze', extra, maker.opset >= 13 ? {} : { attributes: { axes: [axis] } });
  }
  const factors = [1, 2, 3, 4].filter((f) => count % f === 0);
  const first = random.pick(factors);
  const second = random.pick(factors.filter((f) => count % (f * first) === 0));
  const shape = random.chance(0.5) ? [batch, first, count / first] : [batch, first, second, count / first / second];
  const given = shape.map((n, i) => (i === shape.length - 1 && random.chance(0.3) ? -1 : n));
  move(maker, x, shape, 'Reshape', [maker.ints('shape', ...given)]);
}

function addTranspose(x: Quantized, maker: GraphMaker): void {
  const perm = x.shape.map((_, i) => i);
  for (let i = perm.length - 1; i > 1; i -= 1) {
    const j = maker.random.integer(1, i);
    [perm[i], perm[j]] = [perm[j]!, perm[i]!];
  }
  const shape = perm.map((p) => x.shape[p]!);
  move(maker, x, shape, 'Transpose', [], { attributes: { perm } });
}

function addSlice(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const axis = random.integer(1, x.shape.length - 1);
  const size = x.shape[axis]!;
  const reversed = random.chance(0.2);
  const first = random.integer(0, size - 1);
  const last = random.integer(first, size - 1);
  const step = random.integer(1, 2);
  const count = Math.floor((last - first) / step) + 1;
  const [from, to] = reversed ? [last, first === 0 ? -size - 1 : first - 1] : [first, last + 1];
  const shape = x.shape.map((n, i) => (i === axis ? count : n));
  const extra = [from, to, axis, reversed ? -step : step].map((value) => maker.ints('slice', value));
  move(maker, x, shape, 'Slice', extra);
}

function addSplit(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const axis = random.integer(1, x.shape.length - 1);
  const size = x.shape[axis]!;
  if (size < 2) return;
  const first = random.integer(1, size - 1);
  const sizes = [first, size - first];
  const outputs = sizes.map((n) => ({
    ...x,
    name: maker.fresh('q'),
    shape: x.shape.map((m, i) => (i === axis ? n : m)),
  }));
  const inNode = maker.opset >= 13 ? [maker.ints('split', ...sizes)] : [];
  const attributes = { axis, ...(maker.opset >= 13 ? {} : { split: sizes }) };
  const floats = outputs.map(() => maker.fresh('part'));
  maker.nodeWithOutputs('Split', [maker.dequantize(x), ...inNode], floats, { attributes });
  outputs.forEach((q, i) => {
    maker.quantize(floats[i]!, q);
  });
}

function addPad(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const mode = random.pick(['constant', 'constant', 'edge', 'reflect']);
  const rank = x.shape.length;
  const amount = (axis: number) => {
    if (axis === 0 || (axis === 1 && random.chance(0.6))) return 0;
    return random.integer(0, mode === 'reflect' ? Math.min(2, x.shape[axis]! - 1) : 2);
  };
  const pads = Array.from({ length: 2 * rank }, (_, i) => amount(i % rank));
  const shape = x.shape.map((n, i) => n + pads[i]! + pads[i + rank]!);
  const inputs = [maker.dequantize(x), maker.ints('pads', ...pads)];
  if (mode === 'constant' && random.chance(0.4)) inputs.push(maker.float('value', random.pick([0, 0.5, -1])));
  maker.quantize(maker.node('Pad', inputs, { attributes: { mode } }), { ...x, name: maker.fresh('q'), shape });
}

function addGather(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const axis = random.integer(1, x.shape.length - 1);
  const size = x.shape[axis]!;
  const scalar = random.chance(0.2);
  const count = scalar ? 1 : random.integer(1, 4);
  const indices = Array.from({ length: count }, () => random.integer(-size, size - 1));
  const name = scalar ? maker.constant('indices', 'int64', [], indices) : maker.ints('indices', ...indices);
  const shape = x.shape.flatMap((n, i) => (i === axis ? (scalar ? [] : [count]) : [n]));
  move(maker, x, shape, 'Gather', [name], { attributes: { axis } });
}

function addResize(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const linear = random.chance(0.5);
  const shape = x.shape.map((n, i) => (i < 2 ? n : random.chance(0.6) ? 2 * n : random.integer(1, 12)));
  // The region of interest may be left out from opset 13 on.
  const region = maker.opset >= 13 ? '' : maker.constant('region', 'float32', [0], []);
  const scales = maker.opset >= 13 ? '' : maker.constant('scales', 'float32', [0], []);
  const extra = [region, scales, maker.ints('sizes', ...shape)];
  const coordinates = random.pick(['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel']);
  const attributes = {
    mode: linear ? 'linear' : 'nearest',
    coordinate_transformation_mode: coordinates,
    ...(linear ? {} : { nearest_mode: random.pick(['floor', 'round_prefer_floor', 'ceil', 'round_prefer_ceil']) }),
  };
  if (!linear) return move(maker, x, shape, 'Resize', extra, { attributes });
  maker.quantize(
    maker.node('Resize', [maker.dequantize(x), ...extra], { attributes }),
    maker.result(x, shape, x.scale),
  );
}

function addConcat(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const axis = random.integer(1, x.shape.length - 1);
  const fits = (q: Quantized) =>
    q.dtype === x.dtype && q.shape.length === x.shape.length && q.shape.every((n, i) => i === axis || n === x.shape[i]);
  const matches = maker.tensors.filter(fits);
  const others = Array.from({ length: random.integer(1, 2) }, () => random.pick(matches));
  const list = [x, ...others];
  const shape = x.shape.map((n, i) => (i === axis ? list.reduce((sum, q) => sum + q.shape[i]!, 0) : n));
  const same = random.chance(0.3);
  const y = same
    ? { ...x, name: maker.fresh('q'), shape }
    : maker.result(x, shape, Math.max(...list.map((q) => q.scale)));
  if (random.chance(0.35)) {
    const inputs = [...maker.scaleAndZero(y), ...list.flatMap((q) => maker.triple(q))];
    maker.quantizedNode('QLinearConcat', inputs, y, { domain: 'com.microsoft', attributes: { axis } });
    return;
  }
  const floats = list.map((q) => maker.dequantize(q));
  maker.quantize(maker.node('Concat', floats, { attributes: { axis } }), y);
}

const hasAxes = (x: Quantized) => x.shape.length >= 2;

export const movementSteps: readonly Step[] = [
  { weight: 1, fits: hasAxes, add: addReshape },
  { weight: 0.8, fits: hasAxes, add: addTranspose },
  { weight: 0.5, fits: hasAxes, add: addSlice },
  { weight: 0.4, fits: hasAxes, add: addSplit },
  { weight: 0.6, fits: hasAxes, add: addPad },
  { weight: 0.3, fits: hasAxes, add: addGather },
  { weight: 0.4, fits: (x) => x.shape.length === 4, add: addResize },
  { weight: 1, fits: hasAxes, add: addConcat },
];
