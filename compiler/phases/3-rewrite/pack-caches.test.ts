/** `--kv-cache`: the device computes what the reference does, for every form of cache, and says what it cannot do. */
import { describe, expect, it } from 'vitest';
import { target as host } from '../../../targets/host/target.js';
import { CONTEXT, decoderStep, STATES } from '../../../test/support/decoder-step.js';
import { buildModel } from '../../../test/support/onnx-builder.js';
import { Random } from '../../../test/support/random.js';
import { compile } from '../../index.js';
import type { Tensor } from '../../ir/tensor.js';
import { halfOf, numberOfHalf } from '../../numerics/half.js';
import { CACHE_FORMS, packRow, readRow, rowBytes } from '../../ops/shared/cache-rows.js';
import { verifyModel } from '../../verify/verify.js';

const random = new Random(12);

function floats(...shape: number[]): Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'float32', shape, data: Float32Array.from({ length: count }, () => random.next() * 4 - 2) };
}

const POSITIONS = [0, 1, 2, 1, 5, -1, CONTEXT + 3];
const at = (position: number): Tensor => ({ dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(position)) });

function decoderVectors(dim: number) {
  return POSITIONS.map((position, i) => {
    const layers = [0, 1].flatMap((layer): [string, Tensor][] => [
      [`q${layer}`, floats(2, 2, dim)],
      [
        `k${layer}`,
        i === 2 ? { dtype: 'float32', shape: [1, 2 * dim], data: new Float32Array(2 * dim) } : floats(1, 2 * dim),
      ],
      [`v${layer}`, floats(1, 2 * dim)],
    ]);
    return new Map([...layers, ['pos', at(position)]]);
  });
}

async function checkDecoder(kvCache: (typeof CACHE_FORMS)[number], dim: number, target: string, kernel: RegExp) {
  const source = { fileName: 'decoder.onnx', bytes: decoderStep({ quantized: false, dim }).bytes() };
  const compilation = await compile(source, { target, states: STATES, kvCache });
  expect(compilation.plan.stateBytes).toBe(4 * CONTEXT * rowBytes(kvCache, 2 * dim));
  expect(compilation.plan.calls.filter((call) => kernel.test(call.function))).toHaveLength(2);
  expect(compilation.diagnostics.map(({ code }) => code)).toContain('NC0312');
  const set = { vectors: decoderVectors(dim), labels: POSITIONS.map(String) };
  for (const each of target === 'host' ? [host] : [host, compilation.target]) {
    const result = await verifyModel({ ...compilation, target: each }, set, {
      // What the packed rows change is left out of it, and what follows is compared.
      onnxRuntime: target === 'host' ? 'require' : 'off',
      sanitize: each === host,
    });
    expect(result.firstDivergence).toBeUndefined();
    expect(result.passed).toBe(true);
  }
}

/** GroupQueryAttention: rows of each head lie apart. */
function grouped(): Uint8Array {
  const [heads, shared, dim, rows] = [4, 2, 6, 5];
  return buildModel({
    opset: 17,
    inputs: [
      { name: 'q', dtype: 'float32', shape: [1, 1, heads * dim] },
      { name: 'k', dtype: 'float32', shape: [1, 1, shared * dim] },
      { name: 'v', dtype: 'float32', shape: [1, 1, shared * dim] },
      { name: 'past_key', dtype: 'float32', shape: [1, shared, rows, dim] },
      { name: 'past_value', dtype: 'float32', shape: [1, shared, rows, dim] },
      { name: 'seqlens', dtype: 'int32', shape: [1, 1] },
    ],
    outputs: [
      { name: 'y', dtype: 'float32', shape: [1, 1, heads * dim] },
      { name: 'present_key', dtype: 'float32', shape: [1, shared, rows, dim] },
      { name: 'present_value', dtype: 'float32', shape: [1, shared, rows, dim] },
    ],
    initializers: [{ name: 'total', tensor: { dtype: 'int32', shape: [], data: Int32Array.of(rows) } }],
    nodes: [
      {
        op: 'GroupQueryAttention',
        domain: 'com.microsoft',
        inputs: ['q', 'k', 'v', 'past_key', 'past_value', 'seqlens', 'total'],
        outputs: ['y', 'present_key', 'present_value'],
        attributes: { num_heads: heads, kv_num_heads: shared },
      },
    ],
  });
}

describe('--kv-cache', () => {
  it.each(CACHE_FORMS)('%s: a row is as near as its steps allow', (form) => {
    const x = floats(33).data as Float32Array;
    const { scale, values } = readRow(form, packRow(form, x), 0, x.length);
    const step = { f16: 2 ** -11 * 2, int8: 2 / 127 / 2, int4: 2 / 7 / 2 }[form];
    x.forEach((value, i) => {
      expect(Math.abs(value - values[i]! * scale)).toBeLessThanOrEqual(step + 1e-6);
    });
    expect(readRow(form, packRow(form, new Float32Array(3)), 0, 3).values).toEqual([0, 0, 0]);
  });

  it('float16 rounds to the nearest, ties to even, at both ends too', () => {
    const near = (x: number) => numberOfHalf(halfOf(x));
    expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, -(2 ** -24), 2 ** -25, 3 * 2 ** -25].map(near)).toEqual([
      ...[1, 1 + 2 ** -9, 65504, Number.POSITIVE_INFINITY, -(2 ** -24), 0, 2 ** -23],
    ]);
    expect(near(Number.NaN)).toBeNaN();
    for (let bits = 0; bits < 0x7c00; bits += 1) expect(halfOf(numberOfHalf(bits))).toBe(bits);
  });

  it.each(CACHE_FORMS)('%s: rows of all heads, generated for the shape, and any shape', async (form) => {
    await checkDecoder(form, 4, 'cortex-m4', new RegExp(`^nanoc_cached_attention_${form}_`));
    await checkDecoder(form, 5, 'host', form === 'int8' ? /attention_int8_/ : /^nanoc_cached_attention_rows$/);
  });

  it.each(CACHE_FORMS)('%s: without an FPU', async (form) => {
    await checkDecoder(form, 4, 'cortex-m3', /^nanoc_cached_attention_rows$/);
  });

  it.each(CACHE_FORMS)('%s: heads apart', async (kvCache) => {
    const source = { fileName: 'gqa.onnx', bytes: grouped() };
    const compilation = await compile(source, { target: 'host', kvCache });
    expect(compilation.plan.stateBytes).toBe(2 * 2 * 5 * rowBytes(kvCache, 6));
    const vectors = [0, 1, 2, 3, 4].map(
      (position) =>
        new Map<string, Tensor>([
          ...([
            ['q', floats(1, 1, 24)],
            ['k', floats(1, 1, 12)],
            ['v', floats(1, 1, 12)],
          ] as const),
          ['seqlens', { dtype: 'int32', shape: [1, 1], data: Int32Array.of(position) }],
        ]),
    );
    const set = { vectors, labels: vectors.map((_, i) => String(i)) };
    const result = await verifyModel(compilation, set, { onnxRuntime: 'off', sanitize: true });
    expect(result.firstDivergence).toBeUndefined();
    expect(result.passed).toBe(true);
  });

  it('says why it does not fit', async () => {
    const build = (quantized: boolean, kvCache: 'f32' | 'int8') =>
      compile(
        { fileName: 'decoder.onnx', bytes: decoderStep({ quantized }).bytes() },
        { target: 'host', states: quantized ? STATES : [], kvCache },
      );
    await expect(build(true, 'int8')).rejects.toMatchObject({
      diagnostics: [{ code: 'NC0209', because: expect.stringContaining('int8, as the model has it') }],
    });
    await expect(build(false, 'int8')).rejects.toMatchObject({
      diagnostics: [{ code: 'NC0209', because: expect.stringContaining('no float32 cache that attention reads') }],
    });
    expect((await build(false, 'f32')).diagnostics.map(({ code }) => code)).not.toContain('NC0312');
  });
});
