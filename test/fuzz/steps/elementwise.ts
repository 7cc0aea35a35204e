/** Elementwise operators: activations, sums and products of two tensors, chains that are one table, float islands. */
import type { BuilderAttribute } from '../../support/onnx-builder.js';
import type { GraphMaker, Quantized, Step } from '../graph-maker.js';
import { activation } from './products.js';

const MICROSOFT = { domain: 'com.microsoft' } as const;

interface Unary {
  readonly op: string;
  readonly from: number;
  /** Its values lie in [-1, 1]. */
  readonly bounded?: boolean;
  readonly attributes?: Readonly<Record<string, BuilderAttribute>>;
}

const UNARY: readonly Unary[] = [
  { op: 'Relu', from: 6 },
  { op: 'Relu', from: 6 },
  { op: 'Sigmoid', from: 6, bounded: true },
  { op: 'Tanh', from: 6, bounded: true },
  { op: 'LeakyRelu', from: 6, attributes: { alpha: { float: 0.1 } } },
  { op: 'HardSigmoid', from: 6, bounded: true, attributes: { alpha: { float: 1 / 6 }, beta: { float: 0.5 } } },
  { op: 'HardSwish', from: 14 },
  { op: 'Clip', from: 11 },
];

function applyUnary(maker: GraphMaker, { op, attributes = {} }: Unary, float: string): string {
  const { random } = maker;
  const bounds =
    op === 'Clip' ? [maker.float('min', random.pick([-1, 0, 0.25])), maker.float('max', random.pick([2, 6]))] : [];
  return maker.node(op, [float, ...bounds], { attributes });
}

function addUnary(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const unary = random.pick(UNARY.filter(({ from }) => maker.opset >= from));
  const y = maker.result(x, x.shape, unary.bounded ? 1 / 128 : x.scale);
  const inputs = [...maker.triple(x), ...maker.scaleAndZero(y)];
  if (unary.op === 'Sigmoid' && random.chance(0.3)) {
    maker.quantizedNode('QLinearSigmoid', inputs, y, MICROSOFT);
  } else if (unary.op === 'LeakyRelu' && random.chance(0.3)) {
    maker.quantizedNode('QLinearLeakyRelu', inputs, y, { ...MICROSOFT, attributes: { alpha: { float: 0.2 } } });
  } else maker.quantize(applyUnary(maker, unary, maker.dequantize(x)), y);
}

/** A tensor that x may be combined with: of its shape, a broadcast one, or a constant. */
function partner(x: Quantized, maker: GraphMaker): Quantized {
  const { random } = maker;
  const broadcasts = (q: Quantized) =>
    q.shape.length === x.shape.length && q.shape.every((n, i) => n === x.shape[i] || n === 1);
  const fitting = maker.tensors.filter((q) => q.dtype === x.dtype && broadcasts(q));
  if (random.chance(0.8)) return random.pick(fitting);
  const shape = x.shape.map((n, i) => (i > 0 && random.chance(0.5) ? n : 1));
  const short = random.chance(0.3) ? shape.slice(1) : shape;
  const q = { ...maker.parameters(x.dtype, x.scale), shape: short };
  return { ...q, name: maker.bytesOf('operand', x.dtype, short) };
}

function addBinary(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const other = partner(x, maker);
  const op = random.pick(['Add', 'Add', 'Mul', 'Sub']);
  const y = maker.result(x, x.shape, op === 'Mul' ? x.scale * other.scale * 60 : x.scale + other.scale);
  const pair = random.chance(0.7) ? [x, other] : [other, x];
  if (op !== 'Sub' && random.chance(0.35)) {
    const inputs = [...pair.flatMap((q) => maker.triple(q)), ...maker.scaleAndZero(y)];
    maker.quantizedNode(`QLinear${op}`, inputs, y, MICROSOFT);
    return;
  }
  const float = maker.node(
    op,
    pair.map((q) => maker.dequantize(q)),
  );
  maker.quantize(op === 'Add' ? activation(maker, float) : float, y);
}

/** Functions of one byte, spelled out in floats. */
function addChain(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const float = maker.dequantize(x);
  if (random.chance(0.3)) {
    // SiLU
    maker.quantize(maker.node('Mul', [float, maker.node('Sigmoid', [float])]), maker.result(x, x.shape, x.scale));
    return;
  }
  if (random.chance(0.4)) {
    // HardSwish
    const shifted = maker.node('Add', [float, maker.float('three', 3)]);
    const clipped = maker.node('Clip', [shifted, maker.float('min', 0), maker.float('max', 6)]);
    const product = maker.node('Mul', [float, clipped]);
    maker.quantize(maker.node('Div', [product, maker.float('six', 6)]), maker.result(x, x.shape, x.scale));
    return;
  }
  const factor = maker.node('Mul', [float, maker.float('factor', 0.75)]);
  const bounded = maker.node(random.pick(['Tanh', 'Sigmoid']), [factor]);
  maker.quantize(maker.node('Sub', [maker.float('one', 1), bounded]), maker.result(x, x.shape, 1 / 100));
}

/** What has no integer form runs in float32. */
function addIsland(x: Quantized, maker: GraphMaker): void {
  const { random } = maker;
  const other = partner(x, maker);
  const floats = [maker.dequantize(x), maker.dequantize(other)] as const;
  const kind = random.integer(0, 3);
  if (kind === 0) {
    const sum = maker.node('Add', floats);
    maker.quantize(maker.node('Sigmoid', [sum]), maker.result(x, x.shape, 1 / 200));
  } else if (kind === 1) {
    const magnitude = maker.node('Abs', [floats[0]]);
    const root = maker.node('Sqrt', [maker.node('Add', [magnitude, maker.float('one', 1)])]);
    maker.quantize(maker.node('Div', [floats[1], root]), maker.result(x, x.shape, other.scale));
  } else if (kind === 2) {
    const larger = maker.node('Max', floats);
    maker.quantize(maker.node('Mul', [larger, maker.node('Tanh', [floats[0]])]), maker.result(x, x.shape, x.scale));
  } else {
    const relu = maker.node('Relu', [maker.node('Sub', floats)]);
    maker.quantize(maker.node('Mul', [relu, relu]), maker.result(x, x.shape, x.scale * x.scale * 100));
  }
}

/** Q(DQ(x)) with other parameters. */
function addRequantize(x: Quantized, maker: GraphMaker): void {
  maker.quantize(maker.dequantize(x), maker.result(x, x.shape, x.scale));
}

/** A scale for each channel, between two tensors of one scale. */
function addPerChannel(x: Quantized, maker: GraphMaker): void {
  const axis = maker.random.integer(1, x.shape.length - 1);
  const count = x.shape[axis]!;
  const scales = Array.from({ length: count }, () => maker.scale(x.scale));
  const zeros = scales.map(() => maker.zeroPoint(x.dtype));
  const parameters = [
    maker.constant('scales', 'float32', [count], scales),
    maker.constant('zeros', x.dtype, [count], zeros),
  ];
  const bytes = maker.node('QuantizeLinear', [maker.dequantize(x), ...parameters], { attributes: { axis } });
  const turn = x.shape.length === 3 && maker.random.chance(0.7);
  const turned = turn ? maker.node('Transpose', [bytes], { attributes: { perm: [0, 2, 1] } }) : bytes;
  const float = maker.node('DequantizeLinear', [turned, ...parameters], {
    attributes: { axis: turn ? 3 - axis : axis },
  });
  const shape = turn ? [x.shape[0]!, x.shape[2]!, x.shape[1]!] : x.shape;
  maker.quantize(float, maker.result(x, shape, x.scale));
}

const always = () => true;

export const elementwiseSteps: readonly Step[] = [
  { weight: 1.2, fits: always, add: addUnary },
  { weight: 2, fits: always, add: addBinary },
  { weight: 0.4, fits: always, add: addChain },
  { weight: 0.3, fits: always, add: addIsland },
  { weight: 0.3, fits: always, add: addRequantize },
  { weight: 0.2, fits: (x, { opset }) => x.shape.length >= 2 && opset >= 13, add: addPerChannel },
];
