/** How features go into a model: which input, how many frames at a time, as which integers. */
import { describe, expect, it } from 'vitest';
import { CompileError } from '../diagnostics/diagnostic.js';
import type { Graph, Value } from '../ir/graph.js';
import { quantizeArray } from '../numerics/arrays.js';
import { planAudio } from './plan.js';
import { quantized, thresholdsOf } from './quantize.js';

const quantization = { scale: [Math.fround(26 / 255)], zeroPoint: [-128] };

/** As much of a graph as the plan looks at. */
function graphOf(inputs: readonly Partial<Value>[], states: readonly { input: string; output: string }[] = []): Graph {
  const values = inputs.map((input, index): [string, Value] => {
    const name = input.name ?? (index === 0 ? 'features' : `input${index}`);
    return [name, { dtype: 'int8', shape: [1, 93, 40], quantization, ...input, name } as Value];
  });
  return { inputs: values.map(([name]) => name), outputs: [], states, values: new Map(values) } as unknown as Graph;
}

const plan = (graph: Graph, document: object = {}) =>
  planAudio(graph, { fileName: 'audio.json', text: JSON.stringify(document) });

describe('the plan of an audio front end', () => {
  it('moves a window on', () => {
    expect(plan(graphOf([{}]), { frames: 2 })).toMatchObject({ input: 'features', rows: 93, step: 2 });
  });

  it('gives a model with state all its frames anew', () => {
    const graph = graphOf([{ shape: [1, 3, 40] }, { name: 'past', shape: [8] }], [{ input: 'past', output: 'next' }]);
    expect(plan(graph)).toMatchObject({ input: 'features', rows: 3, step: 3 });
  });

  it.each([[[1, 40]], [[40]], [[1, 1, 1, 40]], [[1, 40, 1]]])('takes an input %j for one frame', (shape) => {
    expect(plan(graphOf([{ shape }]))).toMatchObject({ rows: 1, step: 1 });
  });

  it('leaves floats as they are', () => {
    expect(plan(graphOf([{ dtype: 'float32', shape: [1, 40] }]))).not.toHaveProperty('quantization');
  });

  it.each<[string, Graph, object, RegExp]>([
    ['two inputs', graphOf([{}, {}]), {}, /its inputs are "features", "input1"/],
    ['an input that is not there', graphOf([{}]), { input: 'mel' }, /no input "mel"/],
    ['other channels', graphOf([{ shape: [1, 93, 39] }]), {}, /not the 40 channels/],
    ['channels first', graphOf([{ shape: [1, 40, 93] }]), {}, /its channels come first/],
    ['int16', graphOf([{ dtype: 'int16', shape: [1, 40] }]), {}, /it is int16/],
    [
      'integers of no scale',
      graphOf([{ quantization: undefined as never, shape: [1, 40] }]),
      {},
      /no scale and zero point/,
    ],
    [
      'a scale of which no feature makes a step',
      graphOf([{}]),
      { frames: 1, scale: 1e-9 },
      /every feature would be its zero point, -128/,
    ],
    ['a window that does not say how it moves', graphOf([{}]), {}, /a window that moves on/],
    ['more new frames than there are', graphOf([{}]), { frames: 94 }, /"frames" is 94/],
    [
      "a step that is not the state's",
      graphOf([{ shape: [1, 3, 40] }, { name: 'past' }], [{ input: 'past', output: 'next' }]),
      { frames: 1 },
      /takes all 3 of its frames anew/,
    ],
  ])('is refused with %s', (_, graph, document, text) => {
    try {
      plan(graph, document);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CompileError);
      const [{ code, because, expected }] = (error as CompileError).diagnostics as [CompileError['diagnostics'][0]];
      expect(code).toBe('NC0739');
      expect(`${because}\n${expected}`).toMatch(text);
    }
  });
});

describe('thresholds', () => {
  it.each([
    ['the wake word', 0.0390625, quantization, 'int8', 127],
    ['steps that meet in halves', 0.5, { scale: [1], zeroPoint: [-3] }, 'int8', 127],
    ['features that saturate at once', 100, { scale: [0.1], zeroPoint: [0] }, 'uint8', 255],
    ['steps that none reaches', 1e-6, { scale: [0.01], zeroPoint: [0] }, 'uint8', 255],
  ] as const)('give what QuantizeLinear gives, for %s', (_, scale, how, dtype, highest) => {
    const thresholds = thresholdsOf(scale, how, highest);
    const features = Uint16Array.from({ length: 3000 }, (__, i) => (i < 2000 ? i : (i * 4099) % 65536));
    const real = Float32Array.from(features, (feature) => Math.fround(feature * Math.fround(scale)));
    const wanted = quantizeArray(real, { dtype, scale: how.scale[0], zeroPoint: how.zeroPoint[0] });
    expect(quantized(features, thresholds, how.zeroPoint[0])).toEqual(Array.from(wanted));
  });
});
