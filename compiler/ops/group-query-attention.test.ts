/** GroupQueryAttention, a token a step over caches of fixed length: ONNX Runtime, the reference, and the device. */
import { describe, expect, it } from 'vitest';
import { randomFloats, tensorOf } from '../../test/support/elementwise-case.js';
import { type BuilderModel, buildModel } from '../../test/support/onnx-builder.js';
import { Random } from '../../test/support/random.js';
import { compile } from '../index.js';
import type { Tensor } from '../ir/tensor.js';
import { verifyModel } from '../verify/verify.js';

/** ONNX Runtime turns heads of a multiple of 16 elements. */
const [HEADS, SHARED, DIM, CONTEXT] = [4, 2, 16, 6];
const STATES = ['present_key=past_key', 'present_value=past_value'];
const random = new Random(61);

interface Form {
  readonly name: string;
  readonly packed?: boolean;
  readonly attributes?: NonNullable<BuilderModel['nodes'][number]['attributes']>;
}

const forms: readonly Form[] = [
  { name: 'plain' },
  { name: 'scaled', attributes: { scale: { float: 0.5 } } },
  { name: 'rotary of halves', attributes: { do_rotary: 1 } },
  { name: 'packed, rotary of pairs', packed: true, attributes: { do_rotary: 1, rotary_interleaved: 1 } },
];

function widths(packed = false): Readonly<Record<string, number>> {
  return packed
    ? { query: (HEADS + 2 * SHARED) * DIM }
    : { query: HEADS * DIM, key: SHARED * DIM, value: SHARED * DIM };
}

function model({ packed = false, attributes = {} }: Form, tokens = 1): BuilderModel {
  const cache = { dtype: 'float32', shape: [1, SHARED, CONTEXT, DIM] } as const;
  const own = widths(packed);
  const angles = attributes.do_rotary === 1 ? ['cos', 'sin'] : [];
  return {
    inputs: [
      ...Object.entries(own).map(([name, width]) => ({ name, dtype: 'float32', shape: [1, tokens, width] }) as const),
      { name: 'past_key', ...cache },
      { name: 'past_value', ...cache },
      { name: 'seqlens', dtype: 'int32', shape: [1] },
      { name: 'total', dtype: 'int32', shape: [1] },
    ],
    outputs: [
      { name: 'y', dtype: 'float32', shape: [1, tokens, HEADS * DIM] },
      { name: 'present_key', ...cache },
      { name: 'present_value', ...cache },
    ],
    initializers: angles.map((name) => ({
      name,
      tensor: randomFloats(new Random(name.length), [CONTEXT, DIM / 2], 1),
    })),
    nodes: [
      {
        op: 'GroupQueryAttention',
        domain: 'com.microsoft',
        name: 'attention',
        inputs: [
          'query',
          packed ? '' : 'key',
          packed ? '' : 'value',
          'past_key',
          'past_value',
          'seqlens',
          'total',
          ...angles,
        ],
        outputs: ['y', 'present_key', 'present_value'],
        attributes: { num_heads: HEADS, kv_num_heads: SHARED, ...attributes },
      },
    ],
  };
}

function steps(packed = false): ReadonlyMap<string, Tensor>[] {
  return Array.from({ length: CONTEXT }, (_, position) => {
    const tensors = Object.entries(widths(packed)).map(([name, width]): [string, Tensor] => [
      name,
      randomFloats(random, [1, 1, width], 2),
    ]);
    return new Map([
      ...tensors,
      ['seqlens', tensorOf('int32', [1], [position])],
      ['total', tensorOf('int32', [1], [position + 1])],
    ]);
  });
}

describe.each(forms)('$name', (form) => {
  it('bit for bit, near ONNX Runtime, caches in place', async () => {
    const target = form.attributes?.do_rotary === 1 ? 'cortex-m4' : 'host';
    const source = { fileName: 'attention.onnx', bytes: buildModel(model(form)) };
    const compilation = await compile(source, { target, states: STATES });
    const { calls, stateBytes } = compilation.plan;
    const functions = calls.map((call) => call.function);
    expect(functions.filter((name) => name === 'nanoc_cache_update_blocks')).toHaveLength(2);
    expect(functions).toContain('nanoc_cached_attention_f32');
    expect(functions).not.toContain('nanoc_copy');
    expect(stateBytes).toBe(2 * SHARED * CONTEXT * DIM * 4);
    const vectors = steps(form.packed);
    const labels = vectors.map((_, position) => `position ${position}`);
    const onHost = target === 'host';
    const result = await verifyModel(compilation, { vectors, labels }, { onnxRuntime: 'require', sanitize: onHost });
    expect(result.firstDivergence).toBeUndefined();
    expect(result.passed).toBe(true);
    for (const output of result.onnxRuntime!.outputs) expect(output.maxDistance, output.tensor).toBeLessThan(4e-6);
  });
});

describe('what is not one token over caches of fixed length', () => {
  const refused = (form: Form, tokens = 1) =>
    compile({ fileName: 'a.onnx', bytes: buildModel(model(form, tokens)) }, { target: 'host', states: STATES });
  it('is refused with what works', async () => {
    await expect(refused({ name: 'two tokens' }, 2)).rejects.toThrow(/"query" has shape \[1,2,64\]/);
    await expect(refused({ name: 'window', attributes: { local_window_size: 4 } })).rejects.toThrow(/only -1/);
    await expect(refused({ name: 'cap', attributes: { softcap: { float: 5 } } })).rejects.toThrow(/only 0/);
  });
});
