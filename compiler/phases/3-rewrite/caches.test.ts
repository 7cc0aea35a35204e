/** Caches that ScatterND, ScatterElements, or Concat and Slice write: the same values, in place on the device. */
import { describe, expect, it } from 'vitest';
import { type CacheForm, cacheInputs, cacheStep, DIM, HEADS, ROWS, STATE } from '../../../test/support/cache-step.js';
import { applyWith, ModelSketch, sketch, tensor } from '../../../test/support/model-sketch.js';
import { Diagnostics } from '../../diagnostics/diagnostic.js';
import { compile } from '../../index.js';
import type { Graph } from '../../ir/graph.js';
import { evaluateSteps } from '../../reference/evaluate.js';
import { verifyModel } from '../../verify/verify.js';
import { bindStates } from '../2-check/states.js';
import { canonicalisePasses } from './passes.js';

const OWN = ['scatter-caches', 'slide-caches', 'quantize-caches'];

function canonical(form: CacheForm, quantized: boolean, recognised: boolean): Graph {
  const diagnostics = new Diagnostics();
  const graph = bindStates(cacheStep(form, quantized).checked(), STATE, diagnostics);
  const passes = canonicalisePasses.filter(({ name }) => recognised || !OWN.includes(name));
  return applyWith(diagnostics, graph, ...passes);
}

const outputsOf = (graph: Graph, form: CacheForm, positions: readonly number[]) =>
  evaluateSteps(graph, cacheInputs(form, positions)).map((step) => [...(step.get('y')!.data as Float32Array)]);

const forms: readonly (readonly [CacheForm, string])[] = [
  ['ScatterND of a row', 'nanoc_cache_update_blocks'],
  ['ScatterND of tuples', 'nanoc_cache_update_blocks'],
  ['ScatterElements', 'nanoc_cache_update_blocks'],
  ['ScatterND between transposes', 'nanoc_cache_update_blocks'],
  ['Concat and Slice', 'nanoc_cache_shift'],
  ['Concat and Slice, all of it read', 'nanoc_cache_shift'],
  ['Slice and Concat', 'nanoc_cache_shift'],
];
const cases = forms.flatMap(([form, kernel]) => [false, true].map((quantized) => ({ form, kernel, quantized })));

/** Negative positions count from the end. */
const POSITIONS = [0, 1, 2, 3, 4, 1, -1, 2, -5];
/** ONNX leaves these undefined, and ONNX Runtime refuses them: nothing is written. */
const OUTSIDE = [0, ROWS, 1, -ROWS - 1, 1000, 4];

describe.each(cases)('$form, quantized: $quantized', ({ form, kernel, quantized }) => {
  it('nothing of the exported form is left', () => {
    const ops = canonical(form, quantized, true).nodes.map(({ op }) => op);
    expect(ops).toContain(kernel === 'nanoc_cache_shift' ? 'CacheShift' : 'CacheUpdate');
    for (const op of ['ScatterND', 'ScatterElements', 'Concat', 'Slice', 'Expand']) expect(ops).not.toContain(op);
  });

  it('the results stay the same, outside of the cache too', () => {
    for (const positions of [POSITIONS, OUTSIDE]) {
      const [own, plain] = [true, false].map((recognised) =>
        outputsOf(canonical(form, quantized, recognised), form, positions),
      );
      expect(own).toEqual(plain);
    }
  });

  it('the state is written in place, bit for bit, and as ONNX Runtime says', async () => {
    const target = quantized ? 'cortex-m4' : 'host';
    const source = { fileName: 'cache.onnx', bytes: cacheStep(form, quantized).bytes() };
    const compilation = await compile(source, { target, states: STATE });
    const functions = compilation.plan.calls.map((call) => call.function);
    expect(functions).toContain(kernel);
    for (const copy of ['nanoc_copy', 'nanoc_concat', 'nanoc_strided_copy', 'nanoc_transpose_bytes'])
      expect(functions).not.toContain(copy);
    const rows = form.endsWith('read') ? ROWS + 1 : ROWS;
    const heads = form === 'ScatterND of a row' ? 1 : HEADS;
    expect(compilation.plan.stateBytes).toBe(heads * rows * DIM * (quantized ? 1 : 4));
    const set = { vectors: cacheInputs(form, POSITIONS), labels: POSITIONS.map(String) };
    const result = await verifyModel(compilation, set, { onnxRuntime: 'require', sanitize: !quantized });
    expect(result.firstDivergence).toBeUndefined();
    expect(result.passed).toBe(true);
  });
});

describe('what is not one row of a cache stays as it is', () => {
  const scattered = (indices: readonly number[], values: readonly number[], update: readonly number[]) => {
    const m = new ModelSketch(17);
    m.input('past', 'float32', HEADS, ROWS, DIM);
    m.input('pos', 'int64', 1);
    m.input('row', 'float32', ...update);
    m.constant('heads', tensor('int64', indices, ...values));
    m.constant('shape', tensor('int64', [indices.length], ...indices));
    const at = m.node(
      'Expand',
      [m.node('Reshape', ['pos', m.constant('ones', tensor('int64', [indices.length], 1))], 'one'), 'shape'],
      'at',
    );
    m.node('ScatterND', ['past', m.node('Concat', ['heads', at], 'tuples', { axis: -1 }), 'row'], 'present');
    m.output('present', 'float32', HEADS, ROWS, DIM);
    const diagnostics = new Diagnostics();
    return sketch(applyWith(diagnostics, bindStates(m.checked(), STATE, diagnostics), ...canonicalisePasses)).join();
  };
  it('a row of one head of two, and rows in another order', () => {
    expect(scattered([HEADS, 1], [0, 1], [HEADS, DIM])).toContain('CacheUpdate(past');
    expect(scattered([HEADS, 1], [1, 0], [HEADS, DIM])).toContain('ScatterND(past');
    expect(scattered([1, 1], [1], [1, DIM])).toContain('ScatterND(past');
  });
});
