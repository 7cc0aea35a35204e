/** Layer normalization spelled out: one operator, near the chain that it was, near ONNX Runtime, the same on the device. */
import { describe, expect, it } from 'vitest';
import { applyWith, ModelSketch, results, tensor } from '../../../test/support/model-sketch.js';
import { Diagnostics } from '../../diagnostics/diagnostic.js';
import { compile } from '../../index.js';
import type { Graph } from '../../ir/graph.js';
import { defaultVectors } from '../../verify/default-vectors.js';
import { verifyModel } from '../../verify/verify.js';
import { canonicalisePasses } from './passes.js';

/** Of the largest element, as LayerNormalization itself against ONNX Runtime (docs/LANGUAGE-MODELS.md). */
const BOUND = 2e-6;

interface Form {
  readonly name: string;
  /** 13: axes are an attribute of ReduceMean; 18: an input. */
  readonly opset?: 13 | 18;
  readonly shape?: readonly number[];
  readonly axes?: readonly number[];
  readonly axesOfVariance?: readonly number[];
  readonly square?: 'Pow' | 'Mul';
  readonly division?: 'Div' | 'Reciprocal' | 'one over';
  /** PyTorch's exporter wrote x - mean twice. */
  readonly twice?: boolean;
  readonly scale?: boolean;
  readonly bias?: boolean;
  /** Constants first. */
  readonly mirrored?: boolean;
  readonly keepdims?: 0 | 1;
  /** A value of the chain that is an output too. */
  readonly shown?: string;
  /** Shape of the scale, where it is not that of the normalized axes. */
  readonly scaleShape?: readonly number[];
  readonly relu?: boolean;
}

function sketchOf(form: Form): ModelSketch {
  const { opset = 18, shape = [2, 3, 10], axes = [-1], square = 'Pow', division = 'Div', mirrored = false } = form;
  const m = new ModelSketch(opset);
  const x = m.input('x', 'float32', ...shape);
  const f32 = (name: string, of: readonly number[], ...values: number[]) =>
    m.constant(name, tensor('float32', of, ...values));
  const both = (a: string, b: string) => (mirrored ? [b, a] : [a, b]);
  const mean = (from: string, name: string, over: readonly number[]) => {
    const attributes = { keepdims: form.keepdims ?? 1 };
    if (opset === 13) return m.node('ReduceMean', [from], name, { ...attributes, axes: over });
    const input = m.constant(`${name}_axes`, tensor('int64', [over.length], ...over));
    return m.node('ReduceMean', [from, input], name, attributes);
  };
  const average = mean(x, 'mean', axes);
  const d = m.node('Sub', [x, average], 'd');
  const again = form.twice ? m.node('Sub', [x, average], 'd2') : d;
  const squared = square === 'Pow' ? m.node('Pow', [d, f32('two', [], 2)], 's') : m.node('Mul', [d, d], 's');
  const variance = mean(squared, 'variance', form.axesOfVariance ?? axes);
  const root = m.node('Sqrt', [m.node('Add', both(variance, f32('epsilon', [], 1e-5)), 'sum')], 'root');
  let y =
    division === 'Div'
      ? m.node('Div', [again, root], 'n')
      : division === 'Reciprocal'
        ? m.node('Mul', both(again, m.node('Reciprocal', [root], 'i')), 'n')
        : m.node('Mul', both(again, m.node('Div', [f32('one', [], 1), root], 'i')), 'n');
  const normalized = shape.slice(Math.min(...axes));
  const own = form.scaleShape ?? normalized;
  if (form.scale ?? true) y = m.node('Mul', both(y, f32('gamma', own, 0.5, -1, 2, 1.5, 0.75)), 'scaled');
  if (form.bias ?? true) y = m.node('Add', both(y, f32('beta', normalized, -0.3, 0.2, 0.1)), 'biased');
  if (form.relu) y = m.node('Relu', [y], 'positive');
  if (form.shown !== undefined) m.output(form.shown, 'float32');
  return m.output(y, 'float32');
}

function canonical(model: ModelSketch, recognised = true): Graph {
  const passes = canonicalisePasses.filter(({ name }) => recognised || name !== 'recognise-layer-normalization');
  return applyWith(new Diagnostics(), model.checked(), ...passes);
}

const forms: readonly Form[] = [
  { name: 'as PyTorch writes it: Pow, Div, axes an attribute', opset: 13 },
  { name: 'x - mean twice', opset: 13, twice: true },
  { name: 'axes an input, Mul', square: 'Mul' },
  { name: 'Reciprocal, constants first', division: 'Reciprocal', mirrored: true },
  { name: 'one over the root', division: 'one over', square: 'Mul' },
  { name: 'no scale', scale: false },
  { name: 'no bias', bias: false },
  { name: 'neither', scale: false, bias: false },
  { name: 'two axes', shape: [3, 4, 5], axes: [-2, -1] },
  { name: 'the scale with dimensions of one', scaleShape: [1, 1, 10] },
  { name: 'one element', shape: [2, 1] },
];

describe.each(forms)('$name', (form) => {
  it('becomes LayerNormalization, near the chain', () => {
    const graph = canonical(sketchOf(form));
    expect(graph.nodes.map(({ op }) => op)).toEqual(['LayerNormalization']);
    const [own, other] = [results(graph), results(canonical(sketchOf(form), false))];
    for (const [i, values] of own.entries()) {
      const largest = Math.max(...other[i]!.map(Math.abs));
      const distance = Math.max(...values.map((y, j) => Math.abs(y - other[i]![j]!)));
      expect(distance / largest).toBeLessThan(BOUND);
    }
  });

  it('on the device bit for bit, within the bound of ONNX Runtime', async () => {
    const compilation = await compile({ fileName: 'n.onnx', bytes: sketchOf(form).bytes() }, { target: 'host' });
    expect(compilation.plan.calls.map((call) => call.function)).toEqual(['nanoc_layer_normalization_f32']);
    const vectors = defaultVectors(compilation.reference, { count: 6, seed: 1 });
    const result = await verifyModel(compilation, vectors, { onnxRuntime: 'require', sanitize: true });
    expect(result.firstDivergence).toBeUndefined();
    expect(result.passed).toBe(true);
    const largest = Math.max(...results(compilation.reference).flat().map(Math.abs), 1);
    for (const output of result.onnxRuntime!.outputs) expect(output.maxDistance / largest).toBeLessThan(BOUND);
  });
});

describe('what stays a chain', () => {
  it.each<Form>([
    { name: 'the mean is of another axis', axes: [1], scale: false, bias: false },
    { name: 'the variance is of another axis', axesOfVariance: [-2] },
    { name: 'the mean is an output', shown: 'mean' },
    { name: 'x - mean is an output', shown: 'd' },
    { name: 'the second x - mean is an output', twice: true, shown: 'd2' },
    { name: 'the square is an output', shown: 's' },
    { name: 'the variance is an output', shown: 'variance' },
    { name: 'the root is an output', shown: 'root' },
    { name: 'axes are not kept', shape: [10], keepdims: 0 },
  ])('$name', (form) => {
    const graph = canonical(sketchOf(form));
    expect(graph.nodes.map(({ op }) => op)).not.toContain('LayerNormalization');
    expect(results(graph)).toEqual(results(canonical(sketchOf(form), false)));
  });

  it('is also what other things are done with behind', () => {
    const ops = (form: Form) => canonical(sketchOf(form)).nodes.map(({ op }) => op);
    const behind = ['LayerNormalization', 'Mul', 'Add'];
    // One factor for all of a row, or one for each row, is no scale of the normalized axis.
    expect(ops({ name: '', scaleShape: [1] })).toEqual(behind);
    expect(ops({ name: '', scaleShape: [3, 1] })).toEqual(behind);
    // The normalized rows are an output: scale and bias come after.
    expect(ops({ name: '', shown: 'n' })).toEqual(behind);
    // The Relu has become a clamp of the Add.
    expect(ops({ name: '', relu: true })).toEqual(['LayerNormalization', 'Add']);
    expect(
      results(canonical(sketchOf({ name: '', relu: true })))
        .flat()
        .every((y) => y >= 0),
    ).toBe(true);
  });
});
