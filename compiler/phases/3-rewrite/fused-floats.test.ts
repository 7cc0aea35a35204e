/** Chains of float operators that become one: the same results as one by one, on the device too, and as ONNX Runtime's. */
import { describe, expect, it } from 'vitest';
import { applyWith, ModelSketch, type Parameters, results, tensor } from '../../../test/support/model-sketch.js';
import { Diagnostics } from '../../diagnostics/diagnostic.js';
import { compile } from '../../index.js';
import type { Graph } from '../../ir/graph.js';
import { defaultVectors } from '../../verify/default-vectors.js';
import { verifyModel } from '../../verify/verify.js';
import { canonicalisePasses } from './passes.js';

const OWN = ['recognise-normalization', 'recognise-rotary', 'fuse-elementwise'];
const X: Parameters = { scale: 0.05, zero: -3 };
const Y: Parameters = { scale: 0.02, zero: 7 };

function canonical(model: ModelSketch, fused: boolean): Graph {
  const passes = canonicalisePasses.filter(({ name }) => fused || !OWN.includes(name));
  return applyWith(new Diagnostics(), model.checked(), ...passes);
}

/** float32 in and out, or bytes at both ends. */
function between(
  build: (model: ModelSketch, x: readonly string[]) => string,
  inputs: readonly (readonly number[])[],
  bytes: boolean,
) {
  const model = new ModelSketch(17);
  const names = inputs.map((shape, i) => model.input(`x${i}`, bytes ? 'int8' : 'float32', ...shape));
  const y = build(model, bytes ? names.map((name) => model.dequantize(name, X)) : names);
  if (!bytes) return model.output(y, 'float32');
  model.quantize(y, 'y_q', Y);
  return model.output('y_q', 'int8');
}

interface Case {
  readonly name: string;
  readonly model: ModelSketch;
  /** Operators that are left. */
  readonly ops: readonly string[];
}

const f32 = (m: ModelSketch, name: string, shape: readonly number[], ...values: number[]) =>
  m.constant(name, tensor('float32', shape, ...values));

/** As torch exports LlamaRMSNorm: x * (1 / sqrt(mean(x * x) + epsilon)) * scale. */
function norm(m: ModelSketch, x: string, form: 'one over' | 'Reciprocal' | 'Div', scaleFirst = false): string {
  const mean = m.node('ReduceMean', [m.node('Mul', [x, x], 'square')], 'mean', { axes: [-1], keepdims: 1 });
  const root = m.node('Sqrt', [m.node('Add', [mean, f32(m, 'epsilon', [], 1e-5)], 'sum')], 'root');
  const scale = f32(m, 'gain', [6], 0.5, -1, 2, 1.5);
  const scaled =
    form === 'Div'
      ? m.node('Div', [x, root], 'n')
      : form === 'Reciprocal'
        ? m.node('Mul', [m.node('Reciprocal', [root], 'i'), x], 'n')
        : m.node('Mul', [x, m.node('Div', [f32(m, 'one', [], 1), root], 'i')], 'n');
  return m.node('Mul', scaleFirst ? [scale, scaled] : [scaled, scale], 'y');
}

function rotary(m: ModelSketch, x: string, mirrored: boolean): string {
  const pick = (i: number) =>
    m.node('Gather', [x, m.constant(`i${i}`, tensor('int64', [], i))], `part${i}`, { axis: 2 });
  const [a, b] = [pick(0), pick(1)];
  const cos = m.node(
    'Gather',
    [f32(m, 'cos', [3, 4], 1, 0.5, -0.25, 0.75), m.constant('p', tensor('int64', [1], 1))],
    'c',
    { axis: 0 },
  );
  const sin = m.node('Gather', [f32(m, 'sin', [3, 4], 0.1, -0.5, 0.9), m.constant('q', tensor('int64', [1], 1))], 's', {
    axis: 0,
  });
  const product = (name: string, u: string, v: string) => m.node('Mul', mirrored ? [v, u] : [u, v], name);
  const even = m.node('Sub', [product('ac', a, cos), product('bs', b, sin)], 'even');
  const odd = m.node(
    'Add',
    mirrored ? [product('bc', b, cos), product('as', a, sin)] : [product('as', a, sin), product('bc', b, cos)],
    'odd',
  );
  const axis = m.constant('last', tensor('int64', [1], -1));
  return m.node('Concat', [m.node('Unsqueeze', [even, axis], 'e1'), m.node('Unsqueeze', [odd, axis], 'o1')], 'y', {
    axis: -1,
  });
}

/** As Hugging Face's models are exported: x * cos + rotate_half(x) * sin. */
function rotaryHalves(m: ModelSketch, x: string, mirrored: boolean): string {
  const ints = (name: string, value: number) => m.constant(name, tensor('int64', [1], value));
  const axis = ints('last', 2);
  const half = (name: string, from: number, to: number) =>
    m.node('Slice', [x, ints(`${name}_from`, from), ints(`${name}_to`, to), axis], name);
  const parts = [m.node('Neg', [half('high', 4, 8)], 'negated'), half('low', 0, 4)];
  const rotated = m.node('Concat', parts, 'rotated', { axis: -1 });
  const angles = (name: string, ...values: number[]) =>
    m.node('Gather', [f32(m, `${name}_table`, [3, 8], ...values), ints(`${name}_at`, 1)], name, { axis: 0 });
  const cos = angles('cos', 1, 0.5, -0.25, 0.75, 0.3);
  const sin = angles('sin', 0.1, -0.5, 0.9);
  const products = [
    m.node('Mul', mirrored ? [cos, x] : [x, cos], 'even'),
    m.node('Mul', mirrored ? [sin, rotated] : [rotated, sin], 'odd'),
  ];
  return m.node('Add', mirrored ? products.reverse() : products, 'y');
}

const silu = (m: ModelSketch, x: string, name = 'silu') =>
  m.node('Mul', [x, m.node('Sigmoid', [x], `${name}_sigmoid`)], name);

const cases: readonly Case[] = [
  ...[false, true].flatMap((bytes): Case[] => {
    const ops = bytes ? ['DequantizeLinear', 'RMSNormalization'] : ['RMSNormalization'];
    const of = (form: Reciprocation, first = false) => between((m, [x]) => norm(m, x!, form, first), [[2, 6]], bytes);
    const kind = bytes ? 'bytes' : 'float32';
    return [
      { name: `normalization, ${kind}`, model: of('one over'), ops },
      { name: `normalization, ${kind}, Reciprocal, scale first`, model: of('Reciprocal', true), ops },
      { name: `normalization, ${kind}, Div`, model: of('Div'), ops },
      {
        name: `rotary embedding, ${kind}`,
        model: between((m, [x]) => rotary(m, x!, bytes), [[3, 4, 2]], bytes),
        ops: ['RotaryEmbedding'],
      },
      {
        name: `rotary embedding of halves, ${kind}`,
        model: between((m, [x]) => rotaryHalves(m, x!, bytes), [[2, 3, 8]], bytes),
        ops: ['RotaryEmbedding'],
      },
    ];
  }),
  {
    name: 'gate and up of SwiGLU',
    model: between(
      (m, [g, u]) => m.node('Mul', [silu(m, g!), u!], 'y'),
      [
        [1, 37],
        [1, 37],
      ],
      true,
    ),
    ops: ['Elementwise'],
  },
  {
    name: 'two gates',
    model: between((m, [g, u]) => m.node('Sub', [silu(m, g!), silu(m, u!, 'other')], 'y'), [[5], [5]], true),
    ops: ['Elementwise'],
  },
  {
    name: 'three inputs and constants',
    model: between(
      (m, [a, b, c]) => {
        const scaled = m.node('Mul', [m.node('Add', [a!, b!], 'sum'), f32(m, 'k', [], 0.3)], 'scaled');
        return m.node('Div', [scaled, m.node('Sub', [c!, f32(m, 'far', [1], 20)], 'shifted')], 'y');
      },
      [
        [2, 3],
        [2, 3],
        [2, 3],
      ],
      true,
    ),
    ops: ['Elementwise'],
  },
];
type Reciprocation = 'one over' | 'Reciprocal' | 'Div';

/** A residual sum that is read twice. */
function residual(): ModelSketch {
  const model = new ModelSketch(17);
  model.input('x', 'float32', 2, 9);
  const branch = model.dequantize(model.input('b', 'int8', 2, 9), X);
  const sum = model.node('Add', ['x', branch], 'sum');
  model.quantize(sum, 'y', Y);
  return model.output('sum', 'float32').output('y', 'int8');
}

describe.each([...cases, { name: 'a residual sum', model: residual(), ops: ['Elementwise', 'QuantizeLinear'] }])(
  '$name',
  ({ name, model, ops }) => {
    it('becomes one operator', () => {
      const left = canonical(model, true).nodes.filter(({ op }) => op !== 'Gather' && op !== 'Reshape');
      expect(left.map(({ op }) => op)).toEqual(ops);
    });

    it('gives the same bytes', () => {
      expect(results(canonical(model, true))).toEqual(results(canonical(model, false)));
    });

    it('on the device too, and ONNX Runtime agrees', async () => {
      const compilation = await compile({ fileName: 'chain.onnx', bytes: model.bytes() }, { target: 'host' });
      const vectors = defaultVectors(compilation.reference, { count: 6, seed: 1 });
      const result = await verifyModel(compilation, vectors, { onnxRuntime: 'require', sanitize: true });
      expect(result.firstDivergence, name).toBeUndefined();
      expect(result.passed).toBe(true);
    });
  },
);

it('a value that something else reads is computed once', () => {
  const model = new ModelSketch(17);
  const x = model.dequantize(model.input('x', 'int8', 4), X);
  const b = model.dequantize(model.input('b', 'int8', 4), X);
  const sum = model.node('Add', [x, b], 'sum');
  model.node('Mul', [sum, x], 'product');
  model.output('sum', 'float32').output('product', 'float32');
  expect(
    canonical(model, true)
      .nodes.map(({ op }) => op)
      .filter((op) => op === 'Elementwise'),
  ).toHaveLength(2);
  expect(results(canonical(model, true))).toEqual(results(canonical(model, false)));
});

it('bytes that pass two DequantizeLinear are read once', async () => {
  const model = new ModelSketch(17);
  model.input('x', 'int8', 4);
  const sum = model.node('Add', [model.dequantize('x', X, 'a'), model.dequantize('x', X, 'b')], 'sum');
  model.output(sum, 'float32');
  const { attributes } = canonical(model, true).nodes[0]!;
  expect(attributes.steps).toEqual(['dequantize 0', 'Add 0 0']);
  const compilation = await compile({ fileName: 'twice.onnx', bytes: model.bytes() }, { target: 'host' });
  const result = await verifyModel(compilation, defaultVectors(compilation.reference, { count: 3 }), {
    onnxRuntime: 'off',
  });
  expect(result.passed).toBe(true);
});

it('the M4 turns halves bit for bit', async () => {
  for (const bytes of [false, true]) {
    const model = between((m, [x]) => rotaryHalves(m, x!, bytes), [[2, 3, 8]], bytes);
    const compilation = await compile({ fileName: 'halves.onnx', bytes: model.bytes() }, { target: 'cortex-m4' });
    const functions = compilation.plan.calls.map((call) => call.function);
    expect(functions).toContain(`nanoc_rotary_halves_${bytes ? 's8' : 'f32'}`);
    const vectors = defaultVectors(compilation.reference, { count: 6, seed: 1 });
    const result = await verifyModel(compilation, vectors, { onnxRuntime: 'require' });
    expect(result.firstDivergence).toBeUndefined();
    expect(result.passed).toBe(true);
  }
});
