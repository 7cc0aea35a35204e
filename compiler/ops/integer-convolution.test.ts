/** ConvInteger, and what quantize_dynamic writes round it: equal to ONNX Runtime, and the kernels equal to the reference. */
import { describe, expect, it } from 'vitest';
import { target as host } from '../../targets/host/target.js';
import { type BuilderAttribute, type BuilderModel, buildModel } from '../../test/support/onnx-builder.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { compile } from '../index.js';
import { elementCount, type Tensor } from '../ir/tensor.js';
import { verifyModel } from '../verify/verify.js';

const random = new Random(67);
/** Small enough for the 16-bit steps of CPUs without dot products. */
const bytes = (dtype: 'int8' | 'uint8', ...shape: number[]): Tensor => {
  const from = Array.from(
    { length: elementCount(shape) },
    () => random.integer(-64, 63) + (dtype === 'uint8' ? 64 : 0),
  );
  return { dtype, shape, data: dtype === 'int8' ? Int8Array.from(from) : Uint8Array.from(from) };
};
const floats = (low: number, high: number, ...shape: number[]): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: elementCount(shape) }, () => low + random.next() * (high - low)),
});

interface Spec {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly attributes?: Readonly<Record<string, BuilderAttribute>>;
  readonly weights?: 'int8' | 'uint8';
  /** Zero points of x and w. */
  readonly zeros?: 'none' | 'tensor';
}

function sums({ x, w, attributes = {}, weights = 'int8', zeros = 'tensor' }: Spec): OperatorCase {
  const own = zeros === 'none' ? [] : ['xz', 'wz'];
  return {
    name: JSON.stringify({ x, w, attributes, weights, zeros }),
    model: {
      opset: 17,
      inputs: [
        { name: 'x', dtype: 'uint8', shape: x },
        ...(zeros === 'none' ? [] : [{ name: 'xz', dtype: 'uint8' as const, shape: [] }]),
      ],
      outputs: [{ name: 'y', dtype: 'int32', shape: [] }],
      initializers: [
        { name: 'w', tensor: bytes(weights, ...w) },
        ...(zeros === 'none' ? [] : [{ name: 'wz', tensor: bytes(weights) }]),
      ],
      nodes: [{ op: 'ConvInteger', inputs: ['x', 'w', ...own], outputs: ['y'], attributes }],
    },
    inputs: { x: bytes('uint8', ...x), ...(zeros === 'none' ? {} : { xz: bytes('uint8') }) },
  };
}

const specs: readonly Spec[] = [
  { x: [1, 3, 5, 6], w: [4, 3, 3, 3], attributes: { pads: [1, 0, 2, 1] } },
  { x: [1, 3, 5, 6], w: [4, 3, 3, 3], weights: 'uint8', attributes: { pads: [1, 1, 1, 1], strides: [2, 1] } },
  { x: [2, 4, 6, 5], w: [6, 2, 2, 3], attributes: { group: 2, dilations: [2, 1] }, zeros: 'none' },
  { x: [1, 5, 4, 4], w: [5, 1, 3, 3], attributes: { group: 5, auto_pad: 'SAME_UPPER' }, weights: 'uint8' },
  { x: [1, 3, 9], w: [5, 3, 4], attributes: { pads: [2, 1] } },
  { x: [1, 6, 3, 3], w: [7, 6, 1, 1] },
];

describe('ConvInteger', () => {
  const cases = specs.map(sums);
  it.each(cases)('$name: as ONNX Runtime', async (item) => {
    const [onnx, own] = [(await runOnnx(item)).get('y')!, compileCase(item).expected.get('y')!];
    expect(own.shape).toEqual(onnx.shape);
    expect(own.data).toEqual(onnx.data);
  });

  it('the kernel', async () => {
    await runKernels(cases.map((item) => compileCase(item)));
  });

  it.each<[Partial<Spec>, RegExp]>([
    [{ x: [1, 4, 5, 6] }, /4 input channels do not fit/],
    [{ w: [4, 3, 3] }, /the weights have 3 dimensions/],
  ])('%j is an error', (change, message) => {
    expect(() => compileCase(sums({ ...specs[0]!, ...change }))).toThrow(message);
  });
});

/** As quantize_dynamic writes it: DynamicQuantizeLinear, ConvInteger, Cast, Mul, and Add of the bias; relu and a second convolution behind. */
function dynamicModel({ x, w, attributes = {}, weights = 'int8' }: Spec, isBiased: boolean): BuilderModel {
  const ones = x.slice(2).map(() => 1);
  const m = w[0]!;
  const second = [m, m, ...ones];
  const layer = (from: string, name: string, each: Record<string, BuilderAttribute>) => [
    { op: 'DynamicQuantizeLinear', inputs: [from], outputs: [`${name}_q`, `${name}_s`, `${name}_z`] },
    {
      op: 'ConvInteger',
      inputs: [`${name}_q`, `${name}_w`, `${name}_z`, `${name}_wz`],
      outputs: [`${name}_i`],
      attributes: each,
    },
    { op: 'Cast', inputs: [`${name}_i`], outputs: [`${name}_f`], attributes: { to: 1 } },
    { op: 'Mul', inputs: [`${name}_s`, `${name}_ws`], outputs: [`${name}_m`] },
    { op: 'Mul', inputs: [`${name}_f`, `${name}_m`], outputs: [`${name}_y`] },
    ...(isBiased
      ? [
          { op: 'Reshape', inputs: [`${name}_b`, 'to'], outputs: [`${name}_c`] },
          { op: 'Add', inputs: [`${name}_y`, `${name}_c`], outputs: [`${name}_d`] },
        ]
      : []),
  ];
  const end = isBiased ? 'd' : 'y';
  const numbers = (name: string, shape: readonly number[]) => [
    { name: `${name}_w`, tensor: bytes(weights, ...shape) },
    { name: `${name}_wz`, tensor: weights === 'int8' ? { ...bytes('int8'), data: Int8Array.of(0) } : bytes('uint8') },
    { name: `${name}_ws`, tensor: floats(0.01, 0.02) },
    { name: `${name}_b`, tensor: floats(-1, 1, m) },
  ];
  const to: Tensor = { dtype: 'int64', shape: [x.length], data: BigInt64Array.from([1, m, ...ones], BigInt) };
  return {
    opset: 17,
    inputs: [{ name: 'x', dtype: 'float32', shape: x }],
    outputs: [{ name: `two_${end}`, dtype: 'float32', shape: [] }],
    initializers: [...numbers('one', w), ...numbers('two', second), { name: 'to', tensor: to }],
    nodes: [
      ...layer('x', 'one', attributes),
      { op: 'Relu', inputs: [`one_${end}`], outputs: ['r'] },
      ...layer('r', 'two', {}),
    ],
  };
}

describe('convolutions that are quantized at run time', () => {
  const { 0: plain, 1: unsigned, 3: depthwise, 4: flat } = specs as readonly [Spec, Spec, Spec, Spec, Spec];
  const grouped: Spec = { x: [1, 4, 5, 5], w: [8, 2, 3, 3], attributes: { group: 2, pads: [1, 1, 1, 1] } };
  it.each<[Spec, boolean, string]>([
    [plain, true, 'nanoc_conv_integer_dsp'],
    [unsigned, false, 'nanoc_conv_integer_dsp'],
    [grouped, true, 'nanoc_conv_integer_dsp'],
    [depthwise, true, 'nanoc_depthwise_integer_f32'],
    [{ ...depthwise, weights: 'int8' }, false, 'nanoc_depthwise_integer_f32'],
    [{ ...grouped, w: [2, 2, 2, 2] }, true, 'nanoc_conv_integer_f32'],
    [flat, true, 'nanoc_conv_integer_dsp'],
  ])('%j, bias %s: %s', async (spec, isBiased, kernel) => {
    const model = dynamicModel(spec, isBiased);
    const inputs = [floats(-2, 3, ...spec.x), floats(0, 1, ...spec.x), floats(0, 0, ...spec.x)];
    const compilation = await compile({ fileName: 'dynamic.onnx', bytes: buildModel(model) }, { target: 'cortex-m4' });
    const called = compilation.plan.calls.map((call) => call.function);
    // No transpose but those of the model's input and output, and nothing left of Cast, Mul and Add.
    expect(called.filter((name) => !/strided|transpose|concat|move/.test(name))).toEqual([
      'nanoc_dynamic_quantize',
      kernel,
      expect.stringMatching(/relu|clamp|elementwise/),
      'nanoc_dynamic_quantize',
      expect.stringMatching(/^nanoc_integer_product_(dsp|f32)$/),
    ]);
    const set = { vectors: inputs.map((x) => new Map([['x', x]])), labels: ['both signs', 'positive', 'zeros'] };
    for (const each of [host, compilation.target]) {
      const options = { onnxRuntime: each === host ? ('require' as const) : ('off' as const), sanitize: each === host };
      const result = await verifyModel({ ...compilation, target: each }, set, options);
      expect(result.firstDivergence).toBeUndefined();
      expect(result.passed).toBe(true);
      if (each === host) expect(result.onnxRuntime!.differing).toBe(0);
    }
  });

  it('signed inputs, which DynamicQuantizeLinear does not make', async () => {
    const items = [plain, { ...depthwise, weights: 'int8' as const }, depthwise, grouped].map((spec): OperatorCase => {
      const { nodes, ...rest } = dynamicModel(spec, false);
      const model: BuilderModel = {
        ...rest,
        inputs: [
          { name: 'one_q', dtype: 'int8', shape: spec.x },
          { name: 'one_s', dtype: 'float32', shape: [] },
          { name: 'one_z', dtype: 'int8', shape: [] },
        ],
        outputs: [{ name: 'one_y', dtype: 'float32', shape: [] }],
        nodes: nodes.slice(1, 5),
      };
      return {
        name: 'signed',
        model,
        inputs: { one_q: bytes('int8', ...spec.x), one_s: floats(0.1, 0.2), one_z: bytes('int8') },
      };
    });
    await runKernels(items.map((item) => compileCase(item)));
  });

  it('the portable kernels', async () => {
    await runKernels(
      [plain, depthwise].map((spec) => {
        const model = dynamicModel(spec, true);
        return compileCase({ name: 'dynamic', model, inputs: { x: floats(-2, 3, ...spec.x) } });
      }),
    );
  });
});
