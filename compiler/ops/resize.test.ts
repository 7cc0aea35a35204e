/** Resize, Gather, ArgMax and the operators made of Reshape and Transpose: against ONNX Runtime, and the kernels against the reference. */
import { describe, expect, it } from 'vitest';
import type { BuilderAttribute, BuilderNode } from '../../test/support/onnx-builder.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { allocate, type DataType, elementCount, type Tensor } from '../ir/tensor.js';
import { COORDINATE_MODES, NEAREST_MODES } from './shared/coordinates.js';

const random = new Random(23);

function tensor(dtype: DataType, shape: readonly number[], low = -100, high = 100): Tensor {
  const data = allocate(dtype, elementCount(shape));
  for (let i = 0; i < data.length; i += 1) {
    const number = random.integer(low, high);
    data[i] = data instanceof BigInt64Array ? BigInt(number) : dtype === 'float32' ? number / 7 : number;
  }
  return { dtype, shape, data };
}

const ints = (...values: number[]): Tensor => ({
  dtype: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
const floats = (...values: number[]): Tensor => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});

interface Case {
  readonly op: string;
  readonly x: Tensor;
  readonly constants?: readonly (Tensor | undefined)[];
  /** Inputs behind the first that are given at run time. */
  readonly more?: readonly Tensor[];
  readonly attributes?: Readonly<Record<string, BuilderAttribute>>;
  readonly opset?: number;
  readonly output?: DataType;
  /** Between DequantizeLinear and QuantizeLinear with these parameters. */
  readonly quantized?: { readonly x: readonly [number, number]; readonly y?: readonly [number, number] };
}

function caseOf({
  op,
  x,
  constants = [],
  more = [],
  attributes = {},
  opset = 19,
  output,
  quantized,
}: Case): OperatorCase {
  const names = [...more.map((_, i) => `m${i}`), ...constants.map((each, i) => (each === undefined ? '' : `c${i}`))];
  const parameter = (name: string, [scale, zero]: readonly [number, number]) => [
    { name: `${name}_scale`, tensor: { dtype: 'float32' as const, shape: [], data: Float32Array.of(scale) } },
    { name: `${name}_zero`, tensor: { dtype: x.dtype, shape: [], data: allocate(x.dtype, 1).fill(zero as never) } },
  ];
  const operator = (input: string, result: string): BuilderNode => ({
    op,
    inputs: [input, ...names],
    outputs: [result],
    attributes,
  });
  const nodes: BuilderNode[] =
    quantized === undefined
      ? [operator('x', 'y')]
      : [
          { op: 'DequantizeLinear', inputs: ['x', 'x_scale', 'x_zero'], outputs: ['a'] },
          operator('a', quantized.y === undefined ? 'y' : 'b'),
          ...(quantized.y === undefined
            ? []
            : [{ op: 'QuantizeLinear', inputs: ['b', 'y_scale', 'y_zero'], outputs: ['y'] }]),
        ];
  return {
    name: `${op}-${opset} ${x.dtype}[${x.shape}] ${JSON.stringify(attributes)} ${constants.map((c) => `[${c?.data ?? ''}]`).join(' ')}`,
    model: {
      opset,
      inputs: [
        { name: 'x', dtype: x.dtype, shape: x.shape },
        ...more.map((each, i) => ({ name: `m${i}`, dtype: each.dtype, shape: each.shape })),
      ],
      outputs: [{ name: 'y', dtype: output ?? x.dtype, shape: [] }],
      initializers: [
        ...constants.flatMap((each, i) => (each === undefined ? [] : [{ name: `c${i}`, tensor: each }])),
        ...(quantized === undefined ? [] : parameter('x', quantized.x)),
        ...(quantized?.y === undefined ? [] : parameter('y', quantized.y)),
      ],
      nodes,
    },
    inputs: { x, ...Object.fromEntries(more.map((each, i) => [`m${i}`, each])) },
  };
}

async function check(cases: readonly OperatorCase[], tolerance = { float: 0, steps: 0 }): Promise<void> {
  const compiled = cases.map((item) => {
    try {
      return compileCase(item);
    } catch (error) {
      throw new Error(`${item.name}: ${error instanceof Error ? error.message : error}`);
    }
  });
  for (const item of compiled) {
    const onnx = (await runOnnx(item)).get('y')!;
    const reference = item.expected.get('y')!;
    expect(reference.shape.join(), item.name).toBe(onnx.shape.join());
    Array.from(onnx.data as Float32Array).forEach((wanted, i) => {
      const distance = Math.abs(Number(reference.data[i]) - Number(wanted));
      const allowed = onnx.dtype === 'float32' ? tolerance.float * Math.max(1, Math.abs(wanted)) : tolerance.steps;
      if (distance > allowed)
        throw new Error(`${item.name}: y[${i}] is ${reference.data[i]}, ONNX Runtime says ${wanted}`);
    });
  }
  await runKernels(compiled);
}

describe('Resize', () => {
  const resize = (
    x: Tensor,
    mode: string,
    coordinates: string,
    target: { scales?: number[]; sizes?: number[] },
    extra: Partial<Case> = {},
    roi?: Tensor,
  ) =>
    caseOf({
      op: 'Resize',
      x,
      constants: [roi, target.scales && floats(...target.scales), target.sizes && ints(...target.sizes)],
      ...extra,
      attributes: { mode, coordinate_transformation_mode: coordinates, ...extra.attributes },
    });
  const targets = [
    { scales: [1, 1, 2, 3] },
    { scales: [1, 1, 0.7, 1.7] },
    { sizes: [1, 2, 3, 11] },
    { sizes: [1, 2, 1, 1] },
  ];
  it('nearest equals ONNX Runtime in every mode', async () => {
    const modes = COORDINATE_MODES.filter((mode) => mode !== 'tf_half_pixel_for_nn');
    const cases = modes.flatMap((coordinates) =>
      NEAREST_MODES.flatMap((nearest_mode) =>
        targets.map((target) =>
          resize(tensor('int8', [1, 2, 5, 4]), 'nearest', coordinates, target, { attributes: { nearest_mode } }),
        ),
      ),
    );
    // Opset 11 wants the input roi, if only an empty one.
    const old = targets
      .filter(({ scales }) => scales !== undefined)
      .map((target) =>
        resize(
          tensor('float32', [1, 2, 5, 4]),
          'nearest',
          'tf_half_pixel_for_nn',
          target,
          { opset: 11, attributes: { nearest_mode: 'floor' } },
          floats(),
        ),
      );
    await check([...cases, ...old]);
  });
  it('nearest moves elements of any size along any dimensions', async () => {
    await check([
      resize(tensor('float32', [2, 3, 4]), 'nearest', 'half_pixel', { scales: [1, 1, 2.5] }),
      resize(
        tensor('int32', [2, 3]),
        'nearest',
        'asymmetric',
        { scales: [2, 3] },
        { attributes: { nearest_mode: 'floor' } },
      ),
      resize(tensor('float32', [2, 3, 2, 2]), 'nearest', 'half_pixel', { sizes: [2, 5, 4, 2] }),
      resize(
        tensor('uint8', [2, 3, 5, 4]),
        'nearest',
        'half_pixel',
        { sizes: [9, 7] },
        { opset: 18, attributes: { axes: [2, 3] } },
      ),
      resize(
        tensor('int8', [1, 3, 5, 4]),
        'nearest',
        'half_pixel',
        { sizes: [10, 6] },
        { opset: 18, attributes: { axes: [2, 3], keep_aspect_ratio_policy: 'not_larger' } },
      ),
      resize(
        tensor('uint8', [1, 3, 5, 4]),
        'nearest',
        'half_pixel',
        { scales: [1, 1, 2, 2] },
        { quantized: { x: [0.1, 7], y: [0.1, 7] } },
      ),
    ]);
  });
  it('linear is within rounding of ONNX Runtime', async () => {
    const modes = COORDINATE_MODES.filter((mode) => mode !== 'tf_half_pixel_for_nn' && mode !== 'half_pixel_symmetric');
    const cases = modes.flatMap((coordinates) =>
      targets.flatMap((target) => [
        resize(tensor('float32', [1, 2, 5, 4]), 'linear', coordinates, target),
        resize(tensor('int8', [1, 2, 5, 4]), 'linear', coordinates, target, {
          quantized: { x: [0.043, -7], y: [0.031, 11] },
        }),
        resize(tensor('uint8', [1, 2, 5, 4], 0, 255), 'linear', coordinates, target, {
          quantized: { x: [0.043, 120], y: [0.043, 120] },
        }),
      ]),
    );
    await check(cases, { float: 1e-5, steps: 1 });
  });

  it('linear on bytes, for all ratios of the scales: in fixed point, and in float near ties', async () => {
    // Twice the size gives weights of sixteenths, and ties where the scales are equal.
    const sizes = [{ scales: [1, 1, 2, 2] }, { sizes: [1, 6, 11, 5] }, { sizes: [1, 6, 3, 16] }];
    const ratios = [1, 0.5, 2, 8, 15.9, 31, 70, 0.1, 0.001, 2 ** -21, 0.3 + random.next()];
    const cases = ratios.flatMap((ratio) =>
      sizes.map((size) =>
        resize(tensor('int8', [1, 6, 8, 7], -128, 127), 'linear', 'half_pixel', size, {
          quantized: { x: [0.04 * ratio, random.integer(-128, 127)], y: [0.04, random.integer(-100, 100)] },
        }),
      ),
    );
    await check(cases, { float: 1e-5, steps: 1 });
  });
});

describe('Gather', () => {
  it('takes constant and computed indices', async () => {
    const scalar: Tensor = { dtype: 'int64', shape: [], data: BigInt64Array.of(-2n) };
    await check([
      caseOf({ op: 'Gather', x: tensor('int8', [5, 3]), constants: [ints(4, 0, -1)] }),
      caseOf({
        op: 'Gather',
        x: tensor('float32', [2, 5, 3]),
        constants: [ints(1, 1, -5, 2)],
        attributes: { axis: 1 },
      }),
      caseOf({ op: 'Gather', x: tensor('int32', [4, 6]), constants: [scalar], attributes: { axis: -1 } }),
      caseOf({ op: 'Gather', x: tensor('int8', [5, 3]), more: [tensor('int64', [2, 3], -5, 4)] }),
      caseOf({
        op: 'Gather',
        x: tensor('int64', [3, 4]),
        more: [tensor('int32', [5], -4, 3)],
        attributes: { axis: 1 },
      }),
      caseOf({
        op: 'Gather',
        x: tensor('uint8', [5, 3], 0, 255),
        constants: [ints(2, 0)],
        quantized: { x: [0.1, 3], y: [0.1, 3] },
      }),
    ]);
  });
});

describe('Expand, Tile, DepthToSpace, SpaceToDepth', () => {
  it('equal ONNX Runtime', async () => {
    await check([
      caseOf({ op: 'Expand', x: tensor('float32', [3, 1, 2]), constants: [ints(2, 1, 4, 1)] }),
      caseOf({ op: 'Expand', x: tensor('float32', [1]), constants: [ints(5)] }),
      caseOf({ op: 'Tile', x: tensor('int8', [2, 3]), constants: [ints(3, 2)] }),
      caseOf({ op: 'Tile', x: tensor('float32', [2, 1, 3]), constants: [ints(1, 4, 2)] }),
      caseOf({ op: 'DepthToSpace', x: tensor('float32', [2, 8, 2, 3]), attributes: { blocksize: 2 } }),
      caseOf({ op: 'DepthToSpace', x: tensor('float32', [1, 18, 2, 2]), attributes: { blocksize: 3, mode: 'CRD' } }),
      caseOf({ op: 'SpaceToDepth', x: tensor('float32', [2, 2, 4, 6]), attributes: { blocksize: 2 } }),
    ]);
  });
});

describe('ArgMax and ArgMin', () => {
  it('equal ONNX Runtime, also on ties and on quantized values', async () => {
    const few = (dtype: DataType, shape: readonly number[]) => tensor(dtype, shape, dtype === 'uint8' ? 0 : -3, 3);
    const cases = ['ArgMax', 'ArgMin'].flatMap((op) =>
      [0, 1].flatMap((select_last_index) => [
        caseOf({ op, x: few('float32', [3, 4, 5]), attributes: { axis: 1, select_last_index }, output: 'int64' }),
        caseOf({
          op,
          x: few('int8', [4, 9]),
          attributes: { axis: -1, keepdims: 0, select_last_index },
          output: 'int64',
          opset: 13,
        }),
        caseOf({
          op,
          x: few('uint8', [4, 9]),
          attributes: { axis: 0, select_last_index },
          output: 'int64',
          quantized: { x: [0.1, 2] },
        }),
      ]),
    );
    await check(cases);
  });
  it('reads bytes instead of floats', () => {
    const item = compileCase(
      caseOf({
        op: 'ArgMax',
        x: tensor('int8', [2, 5]),
        attributes: { axis: 1 },
        output: 'int64',
        quantized: { x: [0.1, 2] },
      }),
    );
    expect(item.program.calls.map((call) => call.function)).toEqual(['nanoc_arg_max_s8']);
  });
});

describe('shape arithmetic', () => {
  it('is done by the compiler', async () => {
    const x = tensor('float32', [2, 3, 4]);
    const item: OperatorCase = {
      name: 'flatten by shape arithmetic',
      model: {
        inputs: [{ name: 'x', dtype: 'float32', shape: x.shape }],
        outputs: [{ name: 'y', dtype: 'float32', shape: [] }],
        initializers: [
          { name: 'zero', tensor: { dtype: 'int64', shape: [], data: BigInt64Array.of(0n) } },
          { name: 'axes', tensor: ints(0) },
          { name: 'rest', tensor: ints(-1) },
        ],
        nodes: [
          { op: 'Shape', inputs: ['x'], outputs: ['s'] },
          { op: 'Gather', inputs: ['s', 'zero'], outputs: ['n'] },
          { op: 'Unsqueeze', inputs: ['n', 'axes'], outputs: ['n1'] },
          { op: 'Concat', inputs: ['n1', 'rest'], outputs: ['target'], attributes: { axis: 0 } },
          { op: 'Reshape', inputs: ['x', 'target'], outputs: ['y'] },
        ],
      },
      inputs: { x },
    };
    await check([item]);
    expect(compileCase(item).program.calls).toEqual([]);
  });
});
