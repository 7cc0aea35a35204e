/** Activations of 16 bits (QDQ of opset 21, and of com.microsoft before it): against ONNX Runtime, the reference and the C kernels. */
import { describe, expect, it } from 'vitest';
import { type BuilderNode, buildModel } from '../../test/support/onnx-builder.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { compile } from '../index.js';
import { allocate, type DataType, elementCount, integerRange, type Tensor } from '../ir/tensor.js';

interface Side {
  readonly shape: readonly number[];
  readonly scale: number;
  readonly zero: number;
}

interface Spec {
  readonly name: string;
  readonly inputs: readonly Side[];
  readonly output: Side;
  readonly dtype: 'int16' | 'uint16';
  /** Nodes from x0, x1 (float) to y (float). */
  readonly nodes: readonly BuilderNode[];
  readonly constants?: readonly { readonly name: string; readonly tensor: Tensor }[];
  readonly domain?: string;
}

const f = Math.fround;

function filled(dtype: DataType, shape: readonly number[], next: () => number): Tensor {
  const data = allocate(dtype, elementCount(shape));
  for (let i = 0; i < data.length; i += 1) data[i] = next();
  return { dtype, shape, data };
}

const single = (dtype: DataType, value: number) => filled(dtype, [], () => value);

/** Both limits, zeros, and numbers between. */
function data(random: Random, dtype: 'int16' | 'uint16', shape: readonly number[]): Tensor {
  const [low, high] = integerRange(dtype);
  return filled(dtype, shape, () =>
    random.chance(0.1) ? random.pick([low, high, 0]) : random.integer(low, high) >> (random.chance(0.5) ? 4 : 0),
  );
}

function caseOf({ name, inputs, output, dtype, nodes, constants = [], domain }: Spec, random: Random): OperatorCase {
  const placed = domain === undefined ? {} : { domain };
  const parameters = [...inputs, output].flatMap(({ scale, zero }, i) => [
    { name: `s${i}`, tensor: single('float32', scale) },
    { name: `z${i}`, tensor: single(dtype, zero) },
  ]);
  const last = inputs.length;
  return {
    name: `${name} ${dtype}`,
    model: {
      opset: domain === undefined ? 21 : 17,
      inputs: inputs.map(({ shape }, i) => ({ name: `q${i}`, dtype, shape })),
      outputs: [{ name: 'r', dtype, shape: output.shape }],
      initializers: [...parameters, ...constants],
      nodes: [
        ...inputs.map((_, i) => ({
          op: 'DequantizeLinear',
          inputs: [`q${i}`, `s${i}`, `z${i}`],
          outputs: [`x${i}`],
          ...placed,
        })),
        ...nodes,
        { op: 'QuantizeLinear', inputs: ['y', `s${last}`, `z${last}`], outputs: ['r'], ...placed },
      ],
    },
    inputs: Object.fromEntries(inputs.map(({ shape }, i) => [`q${i}`, data(random, dtype, shape)])),
  };
}

/** Weights of int8 with their DequantizeLinear, and an int32 bias at the scale of the products. */
function weights(
  random: Random,
  shape: readonly number[],
  xScale: number,
  channels: number,
  zeros: boolean,
  axis: number,
) {
  const scales = Float32Array.from({ length: channels }, () => 0.002 + 0.01 * random.next());
  const zero = filled('int8', [channels], () => (zeros ? random.integer(-20, 20) : 0));
  return {
    constants: [
      { name: 'w_q', tensor: filled('int8', shape, () => random.integer(-128, 127)) },
      { name: 'w_s', tensor: { dtype: 'float32' as const, shape: [channels], data: scales } },
      { name: 'w_z', tensor: zero },
      { name: 'b_q', tensor: filled('int32', [channels], () => random.integer(-2_000_000, 2_000_000)) },
      { name: 'b_s', tensor: { dtype: 'float32' as const, shape: [channels], data: scales.map((s) => f(xScale * s)) } },
      { name: 'b_z', tensor: filled('int32', [channels], () => 0) },
    ],
    nodes: [
      { op: 'DequantizeLinear', inputs: ['w_q', 'w_s', 'w_z'], outputs: ['w'], attributes: { axis } },
      { op: 'DequantizeLinear', inputs: ['b_q', 'b_s', 'b_z'], outputs: ['b'], attributes: { axis: 0 } },
    ],
  };
}

type Dtype = Spec['dtype'];
const zeroFor = (random: Random, dtype: Dtype) =>
  (dtype === 'uint16' ? 32768 : 0) + (random.chance(0.5) ? random.integer(-3000, 3000) : 0);
const side = (random: Random, dtype: Dtype, shape: readonly number[]): Side => ({
  shape,
  scale: f(0.0001 + 0.0004 * random.next()),
  zero: zeroFor(random, dtype),
});

interface ConvShape {
  readonly name: string;
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly outputs: number;
  readonly group?: number;
  readonly pads?: readonly number[];
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly zeros?: boolean;
  readonly relu?: boolean;
}

const CONVS: readonly ConvShape[] = [
  { name: 'dense', input: [3, 6, 7], kernel: [3, 3], outputs: 6, pads: [1, 0, 2, 1] },
  { name: 'dense with Relu', input: [5, 6, 7], kernel: [2, 3], outputs: 9, strides: [2, 1], relu: true },
  { name: 'pointwise', input: [7, 3, 4], kernel: [1, 1], outputs: 5 },
  { name: 'grouped', input: [6, 5, 5], kernel: [3, 2], outputs: 8, group: 2, dilations: [1, 2] },
  { name: 'depthwise', input: [7, 6, 5], kernel: [3, 3], outputs: 7, group: 7, pads: [0, 1, 1, 2], strides: [1, 2] },
  {
    name: 'depthwise, dilated',
    input: [4, 9, 9],
    kernel: [3, 3],
    outputs: 4,
    group: 4,
    dilations: [2, 3],
    pads: [2, 3, 2, 3],
  },
  { name: 'depthwise with two filters', input: [3, 5, 5], kernel: [2, 2], outputs: 6, group: 3 },
  { name: 'with zero points', input: [4, 5, 5], kernel: [3, 3], outputs: 5, pads: [1, 1, 1, 1], zeros: true },
  { name: 'of sums beyond 32 bits', input: [130, 3, 3], kernel: [3, 3], outputs: 3 },
];

function conv(random: Random, dtype: Dtype, shape: ConvShape): Spec {
  const { input, kernel, outputs, group = 1, pads = [0, 0, 0, 0], strides = [1, 1], dilations = [1, 1] } = shape;
  const x = side(random, dtype, [1, ...input]);
  const made = weights(random, [outputs, input[0]! / group, ...kernel], x.scale, outputs, shape.zeros ?? false, 0);
  const size = [0, 1].map(
    (i) =>
      Math.floor((input[i + 1]! + pads[i]! + pads[i + 2]! - (kernel[i]! - 1) * dilations[i]! - 1) / strides[i]!) + 1,
  );
  const to = shape.relu ? 'c' : 'y';
  return {
    name: `Conv ${shape.name}`,
    dtype,
    inputs: [x],
    output: { shape: [1, outputs, ...size], scale: f(0.0005 * Math.sqrt(input[0]!)), zero: zeroFor(random, dtype) },
    constants: made.constants,
    nodes: [
      ...made.nodes,
      {
        op: 'Conv',
        inputs: ['x0', 'w', 'b'],
        outputs: [to],
        attributes: { kernel_shape: kernel, pads, strides, dilations, group },
      },
      ...(shape.relu ? [{ op: 'Relu', inputs: ['c'], outputs: ['y'] }] : []),
    ],
  };
}

function matmul(random: Random, dtype: Dtype, rows: number): Spec {
  const x = side(random, dtype, [rows, 300]);
  const made = weights(random, [300, 7], x.scale, 7, rows === 3, 1);
  return {
    name: `MatMul ${rows}`,
    dtype,
    inputs: [x],
    output: { shape: [rows, 7], scale: f(0.002), zero: zeroFor(random, dtype) },
    constants: made.constants,
    nodes: [
      ...made.nodes,
      { op: 'MatMul', inputs: ['x0', 'w'], outputs: ['m'] },
      { op: 'Add', inputs: ['m', 'b'], outputs: ['y'] },
    ],
  };
}

/** One operator on one or two inputs; where it moves data, its output has the quantization of the input. */
function simple(
  random: Random,
  dtype: Dtype,
  node: BuilderNode,
  shapes: readonly (readonly number[])[],
  shape: readonly number[],
  output?: Partial<Side>,
): Spec {
  const first = side(random, dtype, shapes[0]!);
  const moves = output === undefined;
  const inputs = shapes.map((each, i) => (moves || i === 0 ? { ...first, shape: each } : side(random, dtype, each)));
  const result = moves ? { ...first, shape } : { shape, scale: f(0.0003), zero: zeroFor(random, dtype), ...output };
  return { name: node.op, dtype, inputs, output: result, nodes: [{ ...node, outputs: ['y'] }] };
}

function others(random: Random, dtype: Dtype): Spec[] {
  const node = (op: string, attributes: BuilderNode['attributes'] = {}, inputs = ['x0']): BuilderNode => ({
    op,
    attributes,
    inputs,
    outputs: [],
  });
  const both = ['x0', 'x1'];
  const image = [1, 3, 5, 6];
  const window = { kernel_shape: [2, 3], pads: [1, 1, 0, 1], strides: [1, 2] };
  return [
    simple(random, dtype, node('Add', {}, both), [image, image], image, {}),
    simple(random, dtype, node('Add', {}, both), [image, [1, 3, 1, 1]], image, {}),
    simple(random, dtype, node('Sub', {}, both), [image, image], image, {}),
    simple(random, dtype, node('Mul', {}, both), [image, [6]], image, {}),
    simple(
      random,
      dtype,
      node('MatMul', {}, both),
      [
        [2, 3, 5],
        [2, 5, 4],
      ],
      [2, 3, 4],
      { scale: f(0.01) },
    ),
    simple(random, dtype, node('AveragePool', window), [image], [1, 3, 5, 3], {}),
    simple(random, dtype, node('AveragePool', { ...window, count_include_pad: 1 }), [image], [1, 3, 5, 3], {}),
    simple(random, dtype, node('GlobalAveragePool'), [image], [1, 3, 1, 1], {}),
    simple(random, dtype, node('MaxPool', window), [image], [1, 3, 5, 3]),
    simple(random, dtype, node('Transpose', { perm: [0, 2, 1] }), [[2, 3, 4]], [2, 4, 3]),
    simple(
      random,
      dtype,
      node('Concat', { axis: 1 }, both),
      [
        [2, 3],
        [2, 5],
      ],
      [2, 8],
    ),
    // Islands: there is no table of 65,536.
    simple(random, dtype, node('Sigmoid'), [image], image, { scale: f(1 / 32768) }),
    simple(random, dtype, node('Softmax', { axis: -1 }), [[4, 9]], [4, 9], { scale: f(1 / 32768) }),
    simple(random, dtype, node('ReduceMax', { keepdims: 0 }), [[4, 9]], []),
  ];
}

const random = new Random(16);
const specs = (['int16', 'uint16'] as const).flatMap((dtype) => [
  ...CONVS.map((shape) => conv(random, dtype, shape)),
  ...[1, 3, 9].map((rows) => matmul(random, dtype, rows)),
  ...others(random, dtype),
]);
const compiled = [
  ...specs.map((spec) => compileCase(caseOf(spec, random))),
  compileCase(caseOf({ ...conv(random, 'int16', CONVS[0]!), domain: 'com.microsoft' }, random)),
];

describe('activations of 16 bits', () => {
  it('give what ONNX Runtime gives: exact where no sum is rounded, else next to it', async () => {
    for (const item of compiled) {
      const theirs = (await runOnnx(item)).get('r')!.data as Int16Array;
      const own = item.expected.get('r')!.data as Int16Array;
      const distances = Array.from(own, (x, i) => Math.abs(x - theirs[i]!));
      // ONNX Runtime adds float32 products, each rounded; the law has exact sums.
      const isSum = /^(Conv|MatMul|AveragePool|GlobalAverage|Sigmoid|Softmax)/.test(item.name);
      expect(Math.max(...distances), item.name).toBeLessThanOrEqual(isSum ? 1 : 0);
      const share = distances.filter((each) => each > 0).length / own.length;
      expect(share, item.name).toBeLessThan(isSum ? 0.1 : 1e-9);
    }
  });

  it('run on integers but for the functions of a table', () => {
    const islands = compiled.filter(({ program }) => program.calls.some((call) => call.function.includes('quantize')));
    const names = new Set(islands.map(({ name }) => name.split(' ')[0]));
    expect([...names]).toEqual(['Sigmoid', 'Softmax', 'ReduceMax']);
    const functions = new Set(compiled.flatMap(({ program }) => program.calls.map((call) => call.function)));
    expect([...functions]).toEqual(
      expect.arrayContaining(
        ['conv', 'depthwise', 'matmul', 'matmul_dynamic', 'add', 'mul', 'max_pool', 'average_pool'].map(
          (name) => `nanoc_${name}_s16`,
        ),
      ),
    );
  });

  it.each(['-DNANOC_FPU=1', '-DNANOC_FPU=0'])(
    'C is the reference, with %s',
    async (flag) => {
      await runKernels(compiled, { flags: [flag] });
    },
    60_000,
  );

  it('a Relu that nothing takes up is a clamp', async () => {
    const spec: Spec = {
      name: 'Relu behind an island',
      dtype: 'int16',
      inputs: [side(random, 'int16', [40])],
      output: { shape: [40], scale: f(0.0002), zero: 100 },
      nodes: [
        { op: 'Tanh', inputs: ['x0'], outputs: ['s'] },
        { op: 'Relu', inputs: ['s'], outputs: ['y'] },
      ],
    };
    const item = compileCase(caseOf(spec, random));
    expect(item.program.calls.map((call) => call.function)).toContain('nanoc_clamp_s16');
    await runKernels([item]);
  });

  it('QLinearConv of 16 bits does not exist in ONNX', async () => {
    const item = caseOf(conv(random, 'int16', CONVS[2]!), random);
    const nodes: BuilderNode[] = [
      { op: 'QLinearConv', inputs: ['q0', 's0', 'z0', 'w_q', 'w_s', 'w_z', 's1', 'z1'], outputs: ['r'] },
    ];
    const bytes = buildModel({ ...item.model, nodes });
    await expect(compile({ fileName: 'q.onnx', bytes }, { target: 'host' })).rejects.toThrow(/is int16/);
  });
});
