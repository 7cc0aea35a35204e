/** Attention and TensorScatter of ai.onnx: ONNX Runtime, the reference, and the device. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { randomFloats, tensorOf } from '../../test/support/elementwise-case.js';
import { type BuilderModel, type BuilderTensor, buildModel } from '../../test/support/onnx-builder.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { compile } from '../index.js';
import type { Tensor } from '../ir/tensor.js';
import { verifyModel } from '../verify/verify.js';
import { CACHE_FORMS, rowBytes } from './shared/cache-rows.js';

const random = new Random(23);
const floats = (...shape: number[]) => randomFloats(random, shape, 2);

interface Form {
  readonly name: string;
  readonly opset?: 23 | 24;
  readonly heads?: readonly [number, number];
  readonly is3d?: boolean;
  readonly batch?: number;
  readonly queries?: number;
  readonly keys?: number;
  readonly past?: number;
  readonly valueSize?: number;
  readonly mask?: Tensor;
  readonly constantMask?: boolean;
  readonly valid?: readonly number[];
  readonly attributes?: NonNullable<BuilderModel['nodes'][number]['attributes']>;
}

const SIZE = 8;

function caseOf(form: Form): OperatorCase {
  const {
    opset = 23,
    heads: [q, kv] = [4, 4],
    is3d = false,
    batch = 1,
    queries = 3,
    keys = 5,
    valueSize = SIZE,
  } = form;
  const shape = (heads: number, length: number, size: number) =>
    is3d ? [batch, length, heads * size] : [batch, heads, length, size];
  const given: Record<string, Tensor> = {
    q: floats(...shape(q, queries, SIZE)),
    k: floats(...shape(kv, keys, SIZE)),
    v: floats(...shape(kv, keys, valueSize)),
    ...(form.mask === undefined ? {} : { mask: form.mask }),
    ...(form.past === undefined
      ? {}
      : { past_k: floats(batch, kv, form.past, SIZE), past_v: floats(batch, kv, form.past, valueSize) }),
    ...(form.valid === undefined ? {} : { valid: tensorOf('int64', [batch], [...form.valid]) }),
  };
  const order = ['q', 'k', 'v', 'mask', 'past_k', 'past_v', 'valid'].map((name) => (name in given ? name : ''));
  while (order.at(-1) === '') order.pop();
  const total = keys + (form.past ?? 0);
  const float = (name: string, ...dims: number[]): BuilderTensor => ({ name, dtype: 'float32', shape: dims });
  const presents =
    form.past === undefined ? [] : [float('pk', batch, kv, total, SIZE), float('pv', batch, kv, total, valueSize)];
  const { mask, ...others } = given;
  const isConstant = form.constantMask === true && mask !== undefined;
  const inputs = isConstant ? others : given;
  return {
    name: form.name,
    inputs,
    model: {
      opset,
      inputs: Object.entries(inputs).map(([name, { dtype, shape: dims }]) => ({ name, dtype, shape: dims })),
      outputs: [float('y', ...shape(q, queries, valueSize)), ...presents],
      initializers: isConstant ? [{ name: 'mask', tensor: mask }] : [],
      nodes: [
        {
          op: 'Attention',
          name: 'attention',
          inputs: order,
          outputs: ['y', ...presents.map(({ name }) => name)],
          attributes: { ...(is3d ? { q_num_heads: q, kv_num_heads: kv } : {}), ...form.attributes },
        },
      ],
    },
  };
}

const bools = (shape: readonly number[], ...values: number[]): Tensor => {
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'bool', shape, data: Uint8Array.from({ length: count }, (_, i) => values[i % values.length]!) };
};

/** Every row has a key that is allowed: those that have none are tested by themselves. */
const SOME = [1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1];

const forms: readonly Form[] = [
  { name: 'heads of their own' },
  { name: 'shared heads, two in a batch', heads: [4, 2], batch: 2 },
  { name: 'one head for all, hidden sizes', heads: [6, 1], is3d: true },
  { name: 'hidden sizes, two in a batch', heads: [4, 2], is3d: true, batch: 2, valueSize: 6 },
  { name: 'scale', attributes: { scale: { float: 0.75 } } },
  { name: 'softcap', attributes: { softcap: { float: 1.5 } } },
  { name: 'causal', keys: 3, attributes: { is_causal: 1 } },
  { name: 'causal, more keys than queries', attributes: { is_causal: 1 } },
  { name: 'a bool mask at run time', mask: bools([3, 5], ...SOME) },
  { name: 'a bool mask for each head', heads: [4, 2], mask: bools([1, 4, 3, 5], ...SOME) },
  { name: 'a constant bool mask', mask: bools([3, 5], ...SOME), constantMask: true },
  { name: 'a float mask', mask: floats(3, 5) },
  { name: 'a float mask, softcap', mask: floats(2, 1, 3, 5), batch: 2, attributes: { softcap: { float: 3 } } },
  { name: 'a constant mask, causal', mask: floats(3, 5), constantMask: true, attributes: { is_causal: 1 } },
  { name: 'a bool mask, causal', mask: bools([3, 5], 1, 1, 0, 1), attributes: { is_causal: 1 } },
  { name: 'a past', heads: [4, 2], past: 4, attributes: { is_causal: 1 } },
  {
    name: 'a past, hidden sizes',
    heads: [4, 2],
    is3d: true,
    past: 4,
    queries: 2,
    keys: 2,
    attributes: { is_causal: 1 },
  },
  { name: 'one token with a past', queries: 1, keys: 1, past: 6, attributes: { is_causal: 1 } },
  { name: 'opset 24', opset: 24, heads: [4, 2] },
  { name: 'some of the keys hold tokens', opset: 24, batch: 2, valid: [2, 5] },
  { name: 'one token, some keys', opset: 24, heads: [4, 2], queries: 1, keys: 6, valid: [4] },
  { name: 'one token, all keys, hidden sizes', opset: 24, heads: [4, 2], is3d: true, queries: 1, keys: 6, valid: [6] },
  {
    name: 'one token, some keys, softcap',
    ...{ opset: 24, heads: [4, 2], queries: 1, keys: 6, valid: [3], attributes: { softcap: { float: 2 } } },
  },
];
const compiled = forms.map((form) => compileCase(caseOf(form)));

/** Of the largest element: sums in another order, and both sides scaled by the root of the scale in ONNX Runtime. */
const BOUND = 4e-6;

describe('Attention', () => {
  it('is within the bound of ONNX Runtime', async () => {
    for (const item of compiled) {
      const onnx = await runOnnx(item);
      for (const { name } of item.model.outputs) {
        const [own, other] = [item.expected.get(name)!.data, onnx.get(name)!.data] as [Float32Array, Float32Array];
        const largest = Math.max(...other.map(Math.abs));
        const distance = Math.max(...own.map((y, i) => Math.abs(y - other[i]!)));
        expect(distance / largest, item.name).toBeLessThan(BOUND);
      }
    }
  });

  it('is the reference in C, with and without an FPU', async () => {
    await runKernels(compiled);
    await runKernels(compiled, { flags: ['-DNANOC_FPU=0'] });
  });
});

interface Answer {
  readonly name: string;
  readonly attributes: NonNullable<Form['attributes']>;
  readonly inputs: Readonly<
    Record<string, { dtype: 'float32' | 'bool' | 'int64'; shape: number[]; data: (number | string)[] }>
  >;
  readonly y: { readonly shape: number[]; readonly data: readonly number[] };
}

/** Rows without a key, and the order of tokens in a cache: releases of ONNX Runtime differ (test/onnx/attention.py). */
describe('what the text of ONNX says', () => {
  const answers: readonly Answer[] = JSON.parse(
    readFileSync(new URL('../../test/onnx/attention.json', import.meta.url), 'utf8'),
  );
  const cases = answers.flatMap(({ name, attributes, inputs, y }) =>
    [false, true].map((constantMask) => {
      const tensors = Object.fromEntries(
        Object.entries(inputs).map(([input, { dtype, shape, data }]) => [
          input,
          tensorOf(dtype, shape, data.map(Number)),
        ]),
      );
      const { mask, ...others } = tensors;
      const isShort = mask !== undefined && mask.shape.at(-1) !== tensors.k!.shape[2];
      const isConstant = mask !== undefined && (constantMask || isShort);
      const given = isConstant ? others : tensors;
      const order = ['q', 'k', 'v', 'mask', '', '', 'valid'].map((input) => (input in tensors ? input : ''));
      const item: OperatorCase = {
        name: `${name}${isConstant ? ', constant' : ''}`,
        inputs: given,
        model: {
          opset: 24,
          inputs: Object.entries(given).map(([input, { dtype, shape }]) => ({ name: input, dtype, shape })),
          outputs: [{ name: 'y', dtype: 'float32', shape: y.shape }],
          initializers: isConstant ? [{ name: 'mask', tensor: mask }] : [],
          nodes: [
            { op: 'Attention', name: 'attention', inputs: order, outputs: ['y'], attributes: floatsOf(attributes) },
          ],
        },
      };
      return { ...compileCase(item), y: y.data };
    }),
  );

  it('is within the bound of its reference evaluator', () => {
    expect(cases).toHaveLength(22);
    for (const { name, expected, y } of cases) {
      const own = expected.get('y')!.data as Float32Array;
      const largest = Math.max(...y.map(Math.abs), 1);
      const distances = own.map((value, i) => Math.abs(value - y[i]!));
      expect(Math.max(...distances) / largest, name).toBeLessThan(BOUND);
    }
  });

  it('is the same in C, with and without an FPU', async () => {
    await runKernels(cases);
    await runKernels(cases, { flags: ['-DNANOC_FPU=0'] });
  });
});

function floatsOf(attributes: Answer['attributes']): Answer['attributes'] {
  const { softcap, ...others } = attributes;
  return softcap === undefined ? others : { ...others, softcap: { float: Number(softcap) } };
}

const [HEADS, SHARED, CONTEXT] = [4, 2, 6];
const STATES = ['present_key=past_key', 'present_value=past_value'];

/** A token a step: TensorScatter writes it into caches that Attention reads up to there. */
function stepModel(is3d: boolean, softcap = 0): BuilderModel {
  const shape = (heads: number, length: number) => (is3d ? [1, length, heads * SIZE] : [1, heads, length, SIZE]);
  const float = (name: string, dims: readonly number[]): BuilderTensor => ({ name, dtype: 'float32', shape: dims });
  const cache = shape(SHARED, CONTEXT);
  return {
    opset: 24,
    inputs: [
      float('q', shape(HEADS, 1)),
      float('k', shape(SHARED, 1)),
      float('v', shape(SHARED, 1)),
      float('past_key', cache),
      float('past_value', cache),
      { name: 'at', dtype: 'int64', shape: [1] },
      { name: 'valid', dtype: 'int64', shape: [1] },
    ],
    outputs: [float('y', shape(HEADS, 1)), float('present_key', cache), float('present_value', cache)],
    nodes: [
      ...(['key', 'value'] as const).map((name) => ({
        op: 'TensorScatter',
        inputs: [`past_${name}`, name[0]!, 'at'],
        outputs: [`present_${name}`],
        attributes: { axis: -2 },
      })),
      {
        op: 'Attention',
        name: 'attention',
        inputs: ['q', 'present_key', 'present_value', '', '', '', 'valid'],
        outputs: ['y'],
        attributes: {
          is_causal: 1,
          ...(is3d ? { q_num_heads: HEADS, kv_num_heads: SHARED } : {}),
          ...(softcap === 0 ? {} : { softcap: { float: softcap } }),
        },
      },
    ],
  };
}

function stepVectors(is3d: boolean) {
  const shape = (heads: number) => (is3d ? [1, 1, heads * SIZE] : [1, heads, 1, SIZE]);
  const vectors = Array.from(
    { length: CONTEXT },
    (_, position) =>
      new Map<string, Tensor>([
        ['q', floats(...shape(HEADS))],
        ['k', floats(...shape(SHARED))],
        ['v', floats(...shape(SHARED))],
        ['at', tensorOf('int64', [1], [position])],
        ['valid', tensorOf('int64', [1], [position + 1])],
      ]),
  );
  return { vectors, labels: vectors.map((_, position) => `position ${position}`) };
}

describe('TensorScatter and Attention, a token a step', () => {
  it.each([
    { target: 'host', is3d: false },
    { target: 'host', is3d: true },
    { target: 'cortex-m4', is3d: false },
    { target: 'cortex-m4', is3d: true },
  ])('on $target, hidden sizes: $is3d: bit for bit, near ONNX Runtime, caches in place', async ({ target, is3d }) => {
    const source = { fileName: 'step.onnx', bytes: buildModel(stepModel(is3d)) };
    const compilation = await compile(source, { target, states: STATES });
    const functions = compilation.plan.calls.map((call) => call.function);
    expect(functions.filter((name) => /^nanoc_cache_update/.test(name))).toHaveLength(2);
    expect(functions.filter((name) => /^nanoc_cached_attention/.test(name))).toHaveLength(1);
    expect(functions.filter((name) => /copy|matmul/.test(name))).toEqual([]);
    expect(compilation.plan.stateBytes).toBe(2 * SHARED * CONTEXT * SIZE * 4);
    const sanitize = target === 'host';
    const result = await verifyModel(compilation, stepVectors(is3d), { onnxRuntime: 'require', sanitize });
    expect(result.firstDivergence).toBeUndefined();
    expect(result.passed).toBe(true);
    for (const output of result.onnxRuntime!.outputs) expect(output.maxDistance, output.tensor).toBeLessThan(BOUND);
  });

  it('with softcap reads all of the caches, and gives the same as ONNX Runtime', async () => {
    const source = { fileName: 'step.onnx', bytes: buildModel(stepModel(false, 1.5)) };
    const compilation = await compile(source, { target: 'host', states: STATES });
    expect(compilation.plan.calls.map((call) => call.function)).toContain('nanoc_matmul_f32');
    const result = await verifyModel(compilation, stepVectors(false), { onnxRuntime: 'require', sanitize: true });
    expect(result.passed).toBe(true);
    for (const output of result.onnxRuntime!.outputs) expect(output.maxDistance, output.tensor).toBeLessThan(BOUND);
  });

  it.each(CACHE_FORMS.flatMap((kvCache) => [false, true].map((is3d) => ({ kvCache, is3d }))))(
    'caches in $kvCache, hidden sizes: $is3d',
    async ({ kvCache, is3d }) => {
      const source = { fileName: 'step.onnx', bytes: buildModel(stepModel(is3d)) };
      const compilation = await compile(source, { target: 'host', states: STATES, kvCache });
      const rows = is3d ? rowBytes(kvCache, SHARED * SIZE) : SHARED * rowBytes(kvCache, SIZE);
      expect(compilation.plan.stateBytes).toBe(2 * CONTEXT * rows);
      const result = await verifyModel(compilation, stepVectors(is3d), { onnxRuntime: 'off', sanitize: true });
      expect(result.firstDivergence).toBeUndefined();
      expect(result.passed).toBe(true);
    },
  );
});

describe('a window that Slice cuts from present', () => {
  it('is a state that moves on in place', async () => {
    const { model } = caseOf({ name: 'window', heads: [4, 2], queries: 1, keys: 1, past: CONTEXT });
    const int = (name: string, value: number) => ({ name, tensor: tensorOf('int64', [1], [value]) });
    const cache = [1, SHARED, CONTEXT, SIZE];
    const windowed: BuilderModel = {
      ...model,
      outputs: [
        model.outputs[0]!,
        ...['next_k', 'next_v'].map((name) => ({ name, dtype: 'float32', shape: cache }) as const),
      ],
      initializers: [int('from', 1), int('to', CONTEXT + 1), int('axis', 2)],
      nodes: [
        ...model.nodes,
        ...['k', 'v'].map((name) => ({
          op: 'Slice',
          inputs: [`p${name}`, 'from', 'to', 'axis'],
          outputs: [`next_${name}`],
        })),
      ],
    };
    const compilation = await compile(
      { fileName: 'window.onnx', bytes: buildModel(windowed) },
      { target: 'host', states: ['next_k=past_k', 'next_v=past_v'] },
    );
    const vectors = Array.from(
      { length: 9 },
      () =>
        new Map([
          ['q', floats(1, HEADS, 1, SIZE)],
          ['k', floats(1, SHARED, 1, SIZE)],
          ['v', floats(1, SHARED, 1, SIZE)],
        ]),
    );
    expect(compilation.plan.calls.filter((call) => /cache_shift/.test(call.function))).toHaveLength(2);
    const set = { vectors, labels: vectors.map((_, i) => String(i)) };
    const result = await verifyModel(compilation, set, { onnxRuntime: 'require', sanitize: true });
    expect(result.passed).toBe(true);
    for (const output of result.onnxRuntime!.outputs) expect(output.maxDistance, output.tensor).toBeLessThan(BOUND);
  });
});

describe('TensorScatter at indices that the compiler knows', () => {
  const scatter = (rows: number, at: readonly number[] | undefined, attributes: Form['attributes'] = {}, batch = 2) => {
    const inputs = { past: floats(batch, 2, 5, 3), update: floats(batch, 2, rows, 3) };
    const model: BuilderModel = {
      opset: 24,
      inputs: Object.entries(inputs).map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
      outputs: [{ name: 'y', dtype: 'float32', shape: [batch, 2, 5, 3] }],
      initializers: at === undefined ? [] : [{ name: 'at', tensor: tensorOf('int64', [batch], [...at]) }],
      nodes: [
        {
          op: 'TensorScatter',
          name: 's',
          inputs: ['past', 'update', at === undefined ? '' : 'at'],
          outputs: ['y'],
          attributes,
        },
      ],
    };
    return { name: `${rows} rows at ${at}`, model, inputs };
  };

  it('is what ONNX Runtime gives, and the device', async () => {
    const circular = { mode: 'circular' };
    const items = [
      scatter(2, undefined),
      scatter(2, [1, 1]),
      scatter(2, [3, 3]),
      scatter(5, [0, 0]),
      scatter(1, [7, 7], circular),
    ];
    const cases = items.map((item) => compileCase(item));
    for (const item of cases) {
      const onnx = await runOnnx(item);
      expect(item.expected.get('y')!.data, item.name).toEqual(onnx.get('y')!.data);
    }
    await runKernels(cases);
  });

  it('refuses what is no Concat', () => {
    expect(() => compileCase(scatter(2, [0, 1]))).toThrow(/write_indices are \[0,1\] for 2 of 5 rows/);
    expect(() => compileCase(scatter(2, [4, 4]))).toThrow(/for 2 of 5 rows/);
    expect(() => compileCase(scatter(2, [4, 4], { mode: 'circular' }))).toThrow(/for 2 of 5 rows/);
    expect(() => compileCase(scatter(2, [0, 0], { axis: 0 }))).toThrow(/axis is 0/);
    const computed = (item: OperatorCase, rows: number) => ({
      ...item,
      model: {
        ...item.model,
        inputs: [...item.model.inputs, { name: 'at', dtype: 'int64' as const, shape: [rows] }],
        initializers: [],
      },
    });
    expect(() => compileCase(computed(scatter(1, [0, 0]), 2))).toThrow(
      /1 rows for each of 2 are written at a computed/,
    );
    expect(() => compileCase(computed(scatter(1, [0], { mode: 'circular' }, 1), 1))).toThrow(/mode is "circular"/);
  });
});

describe('what Attention cannot do', () => {
  const refused = (form: Partial<Form>, change: (model: BuilderModel) => BuilderModel = (model) => model) => {
    const item = caseOf({ name: 'refused', ...form });
    return () => compileCase({ ...item, model: change(item.model) });
  };
  it('is refused by name', () => {
    expect(refused({ attributes: { softmax_precision: 10 } })).toThrow(/softmax_precision.* is 10: only 1/);
    expect(refused({ attributes: { softcap: { float: -1 } } })).toThrow(/softcap.* is -1/);
    expect(refused({ heads: [4, 3] })).toThrow(/4 heads of queries share 3/);
    expect(refused({ mask: bools([3, 4], 1) })).toThrow(/attn_mask covers 4 of 5 keys/);
    expect(refused({ mask: bools([2, 5], 1) })).toThrow(/attn_mask has shape \[2,5\]/);
    expect(refused({ opset: 24, past: 2, valid: [1] })).toThrow(/nonpad_kv_seqlen is given beside past/);
    const scores = (model: BuilderModel): BuilderModel => ({
      ...model,
      outputs: [...model.outputs, { name: 'scores', dtype: 'float32', shape: [1, 4, 3, 5] }],
      nodes: [{ ...model.nodes[0]!, outputs: ['y', '', '', 'scores'] }],
    });
    expect(refused({}, scores)).toThrow(/qk_matmul_output is read/);
    const hidden = (model: BuilderModel): BuilderModel => ({
      ...model,
      nodes: [{ ...model.nodes[0]!, attributes: {} }],
    });
    expect(refused({ is3d: true }, hidden)).toThrow(/0 heads of queries share 0/);
  });
});
