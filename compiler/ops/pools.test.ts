/** Pools and reductions: against ONNX Runtime (equal, or within a stated distance), and the kernels equal to the reference. */
import { describe, expect, it } from 'vitest';
import type { BuilderAttribute, BuilderNode } from '../../test/support/onnx-builder.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { allocate, elementCount, integerRange, type Tensor } from '../ir/tensor.js';

const random = new Random(11);

type Form = 'float32' | 'int8' | 'uint8';

interface Pooling {
  readonly op: string;
  readonly shape: readonly number[];
  readonly form?: Form;
  readonly opset?: number;
  readonly attributes?: Readonly<Record<string, BuilderAttribute>>;
  /** Constant int64 input 1, of the reductions. */
  readonly axes?: readonly number[];
  /** Output scale and zero point equal to the input's. */
  readonly sameScale?: boolean;
}

const scalar = (dtype: Tensor['dtype'], value: number): Tensor => ({
  dtype,
  shape: [],
  data: dtype === 'float32' ? Float32Array.of(value) : dtype === 'int8' ? Int8Array.of(value) : Uint8Array.of(value),
});

/** One operator on floats, or between DequantizeLinear and QuantizeLinear. */
function caseOf(pooling: Pooling): OperatorCase {
  const { op, shape, form = 'float32', attributes = {}, axes, opset = 19, sameScale = false } = pooling;
  const name = `${op}-${opset} ${form}[${shape}] ${JSON.stringify(attributes)}${axes === undefined ? '' : ` axes ${axes}`}`;
  const count = elementCount(shape);
  const constants =
    axes === undefined
      ? []
      : [
          {
            name: 'axes',
            tensor: { dtype: 'int64' as const, shape: [axes.length], data: BigInt64Array.from(axes, BigInt) },
          },
        ];
  const operator: BuilderNode = { op, inputs: ['a', ...constants.map((c) => c.name)], outputs: ['b'], attributes };
  if (form === 'float32') {
    const data = Float32Array.from({ length: count }, () => random.next() * 20 - 10);
    return {
      name,
      model: {
        opset,
        inputs: [{ name: 'a', dtype: form, shape }],
        outputs: [{ name: 'b', dtype: form, shape: [] }],
        initializers: constants,
        nodes: [operator],
      },
      inputs: { a: { dtype: form, shape, data } },
    };
  }
  const [low, high] = integerRange(form);
  const scale = 0.02 + random.next() / 20;
  const zero = random.integer(low, high);
  const data = (allocate(form, count) as Int8Array).map(() => random.integer(low, high));
  return {
    name,
    model: {
      opset,
      inputs: [{ name: 'x', dtype: form, shape }],
      outputs: [{ name: 'y', dtype: form, shape: [] }],
      initializers: [
        ...constants,
        { name: 'x_scale', tensor: scalar('float32', scale) },
        { name: 'x_zero', tensor: scalar(form, zero) },
        { name: 'y_scale', tensor: scalar('float32', sameScale ? scale : scale * (0.5 + random.next())) },
        { name: 'y_zero', tensor: scalar(form, sameScale ? zero : random.integer(low, high)) },
      ],
      nodes: [
        { op: 'DequantizeLinear', inputs: ['x', 'x_scale', 'x_zero'], outputs: ['a'] },
        operator,
        { op: 'QuantizeLinear', inputs: ['b', 'y_scale', 'y_zero'], outputs: ['y'] },
      ],
    },
    inputs: { x: { dtype: form, shape, data } },
  };
}

/** Runs all cases; `tolerance` is relative for floats, in steps for integers. Returns how many integers were off. */
async function check(
  cases: readonly OperatorCase[],
  tolerance: { float: number; steps: number },
): Promise<{ off: number; count: number }> {
  const compiled = cases.map((item) => {
    try {
      return compileCase(item);
    } catch (error) {
      throw new Error(`${item.name}: ${error instanceof Error ? error.message : error}`);
    }
  });
  let off = 0;
  let count = 0;
  for (const item of compiled) {
    for (const [name, onnx] of await runOnnx(item)) {
      const reference = item.expected.get(name)!;
      expect(reference.shape.join(), item.name).toBe(onnx.shape.join());
      Array.from(onnx.data as Float32Array).forEach((wanted, i) => {
        const distance = Math.abs(Number(reference.data[i]) - Number(wanted));
        const allowed = onnx.dtype === 'float32' ? tolerance.float * Math.max(1, Math.abs(wanted)) : tolerance.steps;
        if (distance > allowed)
          throw new Error(`${item.name}: ${name}[${i}] is ${reference.data[i]}, ONNX Runtime says ${wanted}`);
        if (onnx.dtype === 'float32') return;
        count += 1;
        if (distance > 0) off += 1;
      });
    }
  }
  await runKernels(compiled);
  // Only sums are rounded with or without an FPU.
  const rounding = compiled.filter(({ program }) =>
    program.calls.some((call) => call.sources.includes('portable/nanoc_requantize.c')),
  );
  if (rounding.length > 0) await runKernels(rounding, { flags: ['-DNANOC_FPU=0'] });
  await runKernels(
    compiled.filter((item) => item.name.includes('int8')),
    { flags: ['-DNANOC_FPU=0'] },
  );
  return { off, count };
}

const FORMS: readonly Form[] = ['float32', 'int8', 'uint8'];

/** Every form of every entry; uint8, which the kernels see as int8, of the first three. */
function inForms<T>(list: readonly T[], make: (entry: T, form: Form) => OperatorCase[]): OperatorCase[] {
  return FORMS.flatMap((form) => (form === 'uint8' ? list.slice(0, 3) : list).flatMap((entry) => make(entry, form)));
}

/** Windows that the operators share. */
const WINDOWS: readonly Omit<Pooling, 'op'>[] = [
  { shape: [1, 3, 5, 7], attributes: { kernel_shape: [2, 3] } },
  { shape: [2, 5, 6, 5], attributes: { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 2, 1] } },
  { shape: [1, 9, 8, 8], attributes: { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' } },
  { shape: [1, 4, 7, 6], attributes: { kernel_shape: [2, 3], strides: [3, 2], auto_pad: 'SAME_LOWER' } },
  { shape: [1, 2, 7, 8], attributes: { kernel_shape: [3, 3], strides: [2, 3], ceil_mode: 1 } },
  { shape: [1, 1, 9, 9], attributes: { kernel_shape: [2, 2], dilations: [3, 2], strides: [1, 2] } },
  { shape: [1, 6, 11], attributes: { kernel_shape: [3], strides: [2], pads: [1, 1] } },
  { shape: [2, 4, 10], attributes: { kernel_shape: [4], strides: [3], ceil_mode: 1 } },
  { shape: [1, 4, 5, 4], attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 } },
];

describe('MaxPool', () => {
  it('equals ONNX Runtime', async () => {
    const cases = inForms(WINDOWS, (window, form) => [caseOf({ ...window, op: 'MaxPool', form, sameScale: true })]);
    const globals = inForms(
      [
        [2, 5, 4, 3],
        [1, 3, 7],
      ],
      (shape, form) => [caseOf({ op: 'GlobalMaxPool', shape, form, sameScale: true })],
    );
    expect((await check([...cases, ...globals], { float: 0, steps: 0 })).off).toBe(0);
  });
});

describe('AveragePool', () => {
  it('is at most one step from ONNX Runtime', async () => {
    const cases = inForms(WINDOWS, (window, form) =>
      [0, 1].map((count_include_pad) =>
        caseOf({ ...window, op: 'AveragePool', form, attributes: { ...window.attributes, count_include_pad } }),
      ),
    );
    const globals = inForms(
      [
        [2, 5, 4, 3],
        [1, 3, 7],
        [1, 8, 25, 5],
      ],
      (shape, form) => [caseOf({ op: 'GlobalAveragePool', shape, form })],
    );
    const { off, count } = await check([...cases, ...globals], { float: 1e-6, steps: 1 });
    expect(count).toBeGreaterThan(1000);
    // The scales are random, so that ties are rare: next to them alone float sums differ from exact ones.
    expect(off / count).toBeLessThan(0.001);
  });
});

describe('Reductions', () => {
  const AXES: readonly Omit<Pooling, 'op'>[] = [
    { shape: [2, 3, 4, 5], axes: [2, 3] },
    { shape: [2, 3, 4, 5], axes: [-1], attributes: { keepdims: 0 } },
    { shape: [2, 3, 4, 5], axes: [1, 3] },
    { shape: [2, 3, 4, 5], axes: [0, 2], attributes: { keepdims: 0 } },
    { shape: [7, 6] },
    { shape: [3, 9], axes: [1] },
  ];
  const reduce = (each: Omit<Pooling, 'op'>, form: Form, ops: readonly string[], sameScale: boolean) =>
    ops.map((op) => caseOf({ ...each, op, opset: 18, form, sameScale }));
  it('ReduceMean and ReduceSum are at most one step from ONNX Runtime', async () => {
    const cases = inForms(AXES, (each, form) => reduce(each, form, ['ReduceMean', 'ReduceSum'], false));
    await check(cases, { float: 1e-5, steps: 1 });
  });
  it('ReduceMax and ReduceMin equal ONNX Runtime', async () => {
    const cases = inForms(AXES, (each, form) => reduce(each, form, ['ReduceMax', 'ReduceMin'], true));
    expect((await check(cases, { float: 0, steps: 0 })).off).toBe(0);
  });
  it('reads axes from the attribute of older opsets', async () => {
    await check(
      [caseOf({ op: 'ReduceMean', opset: 13, shape: [2, 3, 4], attributes: { axes: [1], keepdims: 0 }, form: 'int8' })],
      { float: 0, steps: 1 },
    );
  });
});
