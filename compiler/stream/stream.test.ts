/** The model of a step against the model of a window that it was made from. */
import { describe, expect, it } from 'vitest';
import { ModelSketch, tensor } from '../../test/support/model-sketch.js';
import {
  type StreamModel,
  type StreamModelOptions,
  streamModel,
  TIME_FORMS,
} from '../../test/support/stream-models.js';
import { CompileError, Diagnostics } from '../diagnostics/diagnostic.js';
import { compile, emitFiles } from '../index.js';
import { verifyGraph } from '../ir/verify.js';
import { canonicalise } from '../phases/3-rewrite/index.js';
import { evaluateSteps } from '../reference/evaluate.js';
import { makeReport } from '../report/make-report.js';
import { defaultVectors } from '../verify/default-vectors.js';
import { verifyModel } from '../verify/verify.js';
import { compareWindows, windowsOf } from '../verify/windows.js';
import { streamed } from './index.js';
import { parseStream, type StreamOptions, streamText } from './options.js';

const FULL = process.env.NANOC_FULL === '1';
const MODELS = FULL ? 3000 : 120;

function stepOf(model: ModelSketch, options: StreamOptions) {
  const original = canonicalise(model.checked(), new Diagnostics());
  const diagnostics = new Diagnostics();
  const made = streamed(original, options, diagnostics);
  verifyGraph(made.graph, 'stream');
  return { ...made, original, notes: diagnostics.list };
}

/** Runs steps from a reset and compares every window. */
async function compared(model: ModelSketch, options: StreamOptions, seed = 1) {
  const made = stepOf(model, options);
  const set = defaultVectors(made.graph, { seed, count: made.streamed.stepsOfWindow + 6 });
  const windows = await windowsOf(made.streamed, set, {});
  return { ...made, result: compareWindows(made.streamed, windows, evaluateSteps(made.graph, set.vectors)) };
}

/** undefined: the model cannot be streamed, and is refused. */
async function tried(made: StreamModel, options: StreamOptions, seed: number) {
  try {
    return await compared(made.model, options, seed);
  } catch (error) {
    if (error instanceof CompileError && error.diagnostics.every(({ code }) => code === 'NC0241' || code === 'NC0240'))
      return undefined;
    throw error;
  }
}

describe('random models: every window, bit for bit', () => {
  const kinds: readonly Omit<StreamModelOptions, 'seed'>[] = [
    { quantized: false, pads: 'none' },
    { quantized: true, pads: 'none' },
    { quantized: false, pads: 'any' },
    { quantized: true, pads: 'any' },
  ];
  it.each(kinds)('quantized: $quantized, padding: $pads', async (kind) => {
    let [streamedModels, withStates] = [0, 0];
    for (let seed = 1; seed <= MODELS / kinds.length; seed += 1) {
      const made = streamModel({ ...kind, seed });
      // Sometimes a step of more rows than the strides ask for, or of one that they do not divide.
      const hop = seed % 4 === 0 ? 1 + (seed % 5) : undefined;
      const found = await tried(made, { time: made.axis, ...(hop === undefined ? {} : { hop }) }, seed);
      if (found === undefined) continue;
      streamedModels += 1;
      if (found.graph.states.length > 1) withStates += 1;
      expect({ seed, layers: made.layers, ...found.result }).toMatchObject({ passed: true, windows: 7 });
    }
    // Most can be streamed, and keep rows of more than the input.
    expect(streamedModels).toBeGreaterThan((MODELS / kinds.length) * 0.6);
    expect(withStates).toBeGreaterThan(streamedModels * 0.25);
  });

  it.each([false, true])('causal, padding is history; quantized: %s', async (quantized) => {
    let streamedModels = 0;
    for (let seed = 1; seed <= MODELS / 4; seed += 1) {
      const made = streamModel({ quantized, pads: 'causal', seed });
      const found = await tried(made, { time: made.axis, pads: 'history' }, seed);
      if (found === undefined) continue;
      streamedModels += 1;
      expect(found.streamed.warmUpSteps).toBe(0);
      expect({ seed, layers: made.layers, ...found.result }).toMatchObject({ passed: true });
      expect(found.result.windows).toBeGreaterThan(0);
    }
    expect(streamedModels).toBeGreaterThan((MODELS / 4) * 0.5);
  });
});

/** Convolution, depthwise, pointwise and a result of the whole window, as keyword spotters are made; `pad` is their padding along time. */
function spotter(pad: number): ModelSketch {
  const m = new ModelSketch(17);
  const ramp = (shape: readonly number[], step: number) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return tensor('int8', shape, ...Array.from({ length: count }, (_, i) => ((i * step) % 255) - 127));
  };
  const bytes = (from: string, to: string, scale: number, zero: number) =>
    m.dequantize(m.quantize(from, `${to}_q`, { scale, zero }), { scale, zero }, to);
  const conv = (
    from: string,
    to: string,
    shape: readonly number[],
    attributes: Record<string, number | readonly number[]>,
  ) => {
    const weights = m.dequantize(m.constant(`${to}_w`, ramp(shape, 37)), { scale: 0.004, zero: 0 });
    const bias = m.constant(`${to}_bias`, tensor('float32', [shape[0]!], 0.3, -0.2));
    return bytes(
      m.node('Conv', [from, weights, bias], `${to}_conv`, { kernel_shape: shape.slice(2), ...attributes }),
      to,
      0.05,
      -4,
    );
  };
  m.input('audio', 'float32', 1, 1, 25, 10);
  bytes('audio', 'x', 0.05, 3);
  conv('x', 'a', [8, 1, 5, 4], { strides: [2, 2], pads: [pad, 1, pad, 1] });
  conv('a', 'b', [8, 1, 3, 3], { group: 8, pads: [pad === 0 ? 0 : 1, 1, pad === 0 ? 0 : 1, 1] });
  conv('b', 'c', [6, 8, 1, 1], {});
  bytes(m.node('GlobalAveragePool', ['c'], 'pool_f'), 'pool', 0.03, -128);
  const flat = m.node('Flatten', ['pool'], 'flat', { axis: 1 });
  const weights = m.dequantize(m.constant('dense_w', ramp([6, 4], 53)), { scale: 0.01, zero: 0 });
  bytes(
    m.node('Softmax', [bytes(m.node('Gemm', [flat, weights], 'dense_f'), 'dense', 0.05, 1)], 'soft', { axis: 1 }),
    'y',
    1 / 256,
    -128,
  );
  m.output('y', 'float32', 1, 4);
  return m;
}

/** A causal network with a row out for every row in. */
function causal(after = 0): ModelSketch {
  const m = new ModelSketch(17);
  m.input('x', 'float32', 1, 2, 12);
  const w = (name: string, ...shape: number[]) => m.constant(name, tensor('float32', shape, 0.3, -0.7, 0.2, 0.9, -0.4));
  m.node('Conv', ['x', w('w1', 3, 2, 3)], 'a', { kernel_shape: [3], pads: [2, 0] });
  m.node('Relu', ['a'], 'b');
  m.node('Conv', ['b', w('w2', 3, 3, 3)], 'y', { kernel_shape: [3], dilations: [4], pads: [8 - after, after] });
  m.output('y', 'float32', 1, 3, 12);
  return m;
}

async function compiled(model: ModelSketch, target: string, stream: StreamOptions) {
  return compile({ fileName: 'window.onnx', bytes: model.bytes() }, { target, stream });
}

describe('what a step computes', () => {
  it('of convolutions without padding: the newest rows, states of the rows that windows overlap', () => {
    const { graph, streamed: made, notes } = stepOf(spotter(0), { time: 2 });
    expect(made).toMatchObject({ hop: 2, window: 25, stepsOfWindow: 13, warmUpSteps: 12, pads: 'window' });
    const shapes = graph.states.map(({ input }) => graph.values.get(input)!.shape.join());
    // Kernel 5, stride 2: 3 rows of 10; kernel 3: 2 rows of 5 with 8 channels; all but one of the 9 rows that are averaged.
    expect(shapes).toEqual(['1,1,3,10', '1,2,5,8', '1,8,5,6']);
    const rowsOf = graph.nodes
      .filter(({ op }) => op === 'Conv')
      .map((node) => graph.values.get(node.outputs[0]!)!.shape[2]);
    expect(rowsOf).toEqual([1, 1, 1]);
    expect(notes.map(({ code }) => code)).toEqual(['NC0242']);
    expect(notes[0]!.because).toMatch(/\(AveragePool\) on: it makes one row of the whole window/);
  });

  it('of padded convolutions: the rows that padding reaches as well', () => {
    const { graph, notes } = stepOf(spotter(2), { time: 2 });
    const rowsOf = graph.nodes
      .filter(({ op }) => op === 'Conv')
      .map((node) => graph.values.get(node.outputs[0]!)!.shape[2]);
    // Of 13 rows one is new; one or two of each layer are padded at either end, and those at the new end go with the new one.
    expect(rowsOf.sort()).toEqual([1, 2, 2, 2, 3, 3]);
    expect(notes.map(({ code }) => code)).toEqual(['NC0242', 'NC0243']);
    expect(notes[1]!.because).toMatch(/"Conv:b_conv" \(Conv\): 4 of 13 rows/);
  });

  it('a hop of more rows computes that many', () => {
    const { graph, streamed: made } = stepOf(spotter(0), { time: -2, hop: 6 });
    expect(made).toMatchObject({ axis: 2, hop: 6, stepsOfWindow: 5 });
    expect(graph.values.get('audio')!.shape).toEqual([1, 1, 6, 10]);
  });

  it('padding as history: no window, no warm-up', async () => {
    const { graph, streamed: made, result } = await compared(causal(), { time: 2, pads: 'history' });
    expect(made).toMatchObject({ hop: 1, warmUpSteps: 0, pads: 'history' });
    expect(graph.values.get('y')!.shape).toEqual([1, 3, 1]);
    expect(graph.states.map(({ input, initial }) => [graph.values.get(input)!.shape.join(), initial])).toEqual([
      ['1,1,2,2', 0],
      ['1,1,8,3', 0],
    ]);
    // The first window, and later ones where padding does not reach the newest row.
    expect(result).toMatchObject({ passed: true, windows: 7 });
  });

  it('time is recognised where one axis alone can be streamed', () => {
    expect(stepOf(causal(), { time: 'auto', pads: 'history' }).streamed.axis).toBe(2);
  });
});

describe('pools: which rows count at the ends of the window', () => {
  const pads = [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const;
  const cases = [2, 3].flatMap((kernel) => [1, 2].map((stride) => ({ kernel, stride })));
  it.each(cases)('kernel $kernel, stride $stride', async ({ kernel, stride }) => {
    for (const [op, include] of [
      ['AveragePool', 0],
      ['AveragePool', 1],
      ['MaxPool', undefined],
    ] as const) {
      for (const ceil of [0, 1]) {
        for (const [before, after] of pads) {
          const m = new ModelSketch(17);
          m.input('x', 'float32', 1, 2, 13);
          const counts = include === undefined ? {} : { count_include_pad: include };
          m.node(op, ['x'], 'pool', {
            kernel_shape: [kernel],
            strides: [stride],
            pads: [before, after],
            ceil_mode: ceil,
            ...counts,
          });
          // All rows are read, those that padding reaches among them.
          m.node('ReduceMean', ['pool'], 'y', { axes: [2] });
          m.output('y', 'float32', 1, 2, 1);
          const { result } = await compared(m, { time: 2 });
          expect({ op, include, ceil, before, after, ...result }).toMatchObject({ passed: true, windows: 7 });
        }
      }
    }
  });
});

describe('on the device, and against ONNX Runtime', () => {
  const cases = TIME_FORMS.flatMap((form, index) => [
    { form, quantized: true, pads: 'none' as const, seed: 20 + index, target: 'cortex-m4' },
    { form, quantized: false, pads: 'any' as const, seed: 40 + index, target: 'host' },
  ]);
  it.each(FULL ? cases : [cases[4]!, cases[5]!])(
    '$form, quantized: $quantized, padding: $pads',
    async ({ target, ...options }) => {
      const made = streamModel(options);
      const compilation = await compiled(made.model, target, { time: made.axis });
      const count = compilation.streamed!.stepsOfWindow + 4;
      const set = defaultVectors(compilation.reference, { count });
      const result = await verifyModel(compilation, set, { onnxRuntime: 'require', sanitize: target === 'host' });
      expect(result.windows).toMatchObject({ passed: true, windows: 5 });
      expect(result.firstDivergence).toBeUndefined();
      expect(result.passed).toBe(true);
    },
  );

  it.each([0, 2])('a keyword spotter, padding %s, with less work than its window takes', async (pad) => {
    const compilation = await compiled(spotter(pad), 'cortex-m4', { time: 2 });
    const set = defaultVectors(compilation.reference, { count: 18 });
    const result = await verifyModel(compilation, set, { onnxRuntime: 'require' });
    expect(result.windows).toMatchObject({ passed: true, windows: 6, elements: 24 });
    expect(result.passed).toBe(true);
    const { stream } = makeReport(compilation);
    expect(stream).toMatchObject({ input: 'audio', axis: 2, hop: 2, window: 25, pads: 'window', warmUpSteps: 12 });
    expect(stream!.step.macs).toBeLessThan(stream!.original.macs / (pad === 0 ? 7 : 2));
    const header = (await emitFiles(compilation)).find(({ path }) => path === 'window.h')!.content;
    expect(header).toContain('#define WINDOW_HOP_ROWS 2u');
    expect(header).toContain('#define WINDOW_WINDOW_ROWS 25u');
    expect(header).toContain('#define WINDOW_WARM_UP_STEPS 12u');
    expect(header).toContain('--stream time=2');
  });

  it.each([false, true])('padding as history from the first step on; quantized: %s', async (quantized) => {
    const model = quantized
      ? streamModel({ quantized, pads: 'causal', form: 'channels, time', seed: 5 }).model
      : causal();
    const stream = { time: 2, pads: 'history' } as const;
    const compilation = await compiled(model, quantized ? 'cortex-m4' : 'host', stream);
    expect(compilation.streamed).toMatchObject({ warmUpSteps: 0, pads: 'history' });
    expect(compilation.plan.stateBytes).toBeGreaterThan(0);
    const set = defaultVectors(compilation.reference, { count: compilation.streamed!.stepsOfWindow + 3 });
    const result = await verifyModel(compilation, set, { onnxRuntime: 'require', sanitize: !quantized });
    expect(result.windows!.passed).toBe(true);
    expect(result.windows!.windows).toBeGreaterThan(0);
    expect(result.passed).toBe(true);
  });

  it('says where steps and model differ, and that too few steps show nothing', async () => {
    const compilation = await compiled(spotter(0), 'host', { time: 2 });
    const { original } = compilation.streamed!;
    // The model of a window with another bias.
    const values = new Map(original.values);
    const bias = [...values.values()].find(
      ({ name, dtype, constant }) => constant !== undefined && dtype === 'int32' && name !== '',
    )!;
    const data = (bias.constant!.data as Int32Array).map((each) => each + 4000);
    values.set(bias.name, { ...bias, constant: { ...bias.constant!, data } });
    const other = { ...compilation, streamed: { ...compilation.streamed!, original: { ...original, values } } };
    const result = await verifyModel(other, defaultVectors(compilation.reference, { count: 15 }), {
      onnxRuntime: 'off',
    });
    expect(result.passed).toBe(false);
    expect(result.firstDivergence).toBeUndefined();
    expect(result.windows!.divergence).toMatchObject({ kind: 'window', tensor: 'y' });
    expect(result.windows!.divergence!.message).toMatch(/window that ends with step 1[345], the model of a window/);
    const few = defaultVectors(compilation.reference, { count: 12 });
    await expect(verifyModel(compilation, few, { onnxRuntime: 'off' })).rejects.toThrow(
      /NC0718.*12 steps make up no window/,
    );
  });
});

describe('what is refused', () => {
  const refusal = (model: ModelSketch, options: StreamOptions) => {
    try {
      stepOf(model, options);
    } catch (error) {
      if (error instanceof CompileError) return error.diagnostics[0]!;
      throw error;
    }
    throw new Error('nothing was refused');
  };

  it('an axis that is not there, has one row, or is not the only one', () => {
    expect(refusal(spotter(0), { time: 4 }).message).toMatch(/time=4: the input has no such axis/);
    expect(refusal(spotter(0), { time: 1 }).message).toMatch(/no such axis with several rows/);
    const both = refusal(spotter(0), { time: 'auto' });
    expect([both.code, both.because]).toEqual(['NC0240', '"audio" is [1,1,25,10]; axis 2 and axis 3 can']);
  });

  it('a step as large as the window', () => {
    expect(refusal(spotter(0), { time: 2, hop: 25 })).toMatchObject({ code: 'NC0240', expected: 'fewer than 25 rows' });
  });

  it('several inputs, and states', async () => {
    const m = new ModelSketch(17);
    m.input('x', 'float32', 1, 4);
    m.input('past', 'float32', 1, 4);
    m.node('Add', ['x', 'past'], 'y');
    m.output('y', 'float32', 1, 4);
    expect(refusal(m, { time: 1 })).toMatchObject({ code: 'NC0240', because: '"x", "past"' });
    const source = { fileName: 'm.onnx', bytes: m.bytes() };
    await expect(compile(source, { target: 'host', states: ['y=past'], stream: { time: 1 } })).rejects.toThrow(
      /NC0240.*makes the states itself/,
    );
  });

  it('padding within reach of every row, with the node', () => {
    const m = new ModelSketch(17);
    m.input('x', 'float32', 1, 2, 5);
    m.node('Conv', ['x', m.constant('w', tensor('float32', [2, 2, 5], 0.5))], 'y', { kernel_shape: [5], pads: [2, 2] });
    m.output('y', 'float32', 1, 2, 5);
    expect(refusal(m, { time: 2, hop: 2 })).toMatchObject({
      code: 'NC0241',
      node: '"Conv:y" (Conv)',
      because: 'it has padding within reach of every row',
    });
  });

  it('history that is none: padding behind, pools over it, rows that do not fit', () => {
    const ahead = refusal(causal(1), { time: 2, pads: 'history' });
    expect(ahead).toMatchObject({
      code: 'NC0241',
      node: '"Conv:y" (Conv)',
      because: 'it has padding behind: it looks ahead',
    });
    const pooled = causal();
    pooled.node('ReduceMean', ['y'], 'mean', { axes: [2] });
    pooled.output('mean', 'float32', 1, 3, 1);
    expect(refusal(pooled, { time: 2, pads: 'history' })).toMatchObject({
      node: '"ReduceMean:mean" (ReduceMean)',
      because: 'it reduces over time, and rows of its window stand for padding',
    });
    expect(refusal(causal(), { time: 2, pads: 'history', hop: 5 }).message).toMatch(/12 rows for a window of 12/);
  });
});

describe('the option', () => {
  it.each(['time=1', 'time=auto', 'time=-1,hop=3', 'time=2,hop=4,pads=history', 'time=0,pads=window'])(
    '%s is read and written',
    (text) => {
      expect(streamText(parseStream(text)!)).toBe(text);
    },
  );
  it.each([
    '',
    'time',
    '1',
    'time=x',
    'time=1,hop=0',
    'time=1,hop=a',
    'time=1,pads=zero',
    'time=1,time=2',
    'hop=2',
    'time=1,step=2',
  ])('"%s" is refused', (text) => {
    expect(parseStream(text)).toBeUndefined();
  });
});
