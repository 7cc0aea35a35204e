/** Attention over caches: fused and spelled out give the same bytes, on the device too. */

import { describe, expect, it } from 'vitest';
import { target as host } from '../../../targets/host/target.js';
import {
  CONTEXT,
  type DecoderOptions,
  decoderInputs,
  decoderStep,
  STATES,
} from '../../../test/support/decoder-step.js';
import { applyWith } from '../../../test/support/model-sketch.js';
import { Diagnostics } from '../../diagnostics/diagnostic.js';
import { compile } from '../../index.js';
import type { Graph } from '../../ir/graph.js';
import { evaluateSteps } from '../../reference/evaluate.js';
import { verifyModel } from '../../verify/verify.js';
import { bindStates } from '../2-check/states.js';
import { canonicalisePasses } from './passes.js';

const OWN = ['split-states', 'update-caches', 'quantize-caches', 'recognise-attention'];

function canonical(options: DecoderOptions, fused: boolean): Graph {
  const diagnostics = new Diagnostics();
  const graph = bindStates(decoderStep(options).checked(), STATES, diagnostics);
  const passes = canonicalisePasses.filter(({ name }) => fused || !OWN.includes(name));
  return applyWith(diagnostics, graph, ...passes);
}

const opsOf = (graph: Graph) => graph.nodes.map(({ op }) => op);
const outputsOf = (graph: Graph, positions: readonly number[]) =>
  evaluateSteps(graph, decoderInputs(positions)).map((step) =>
    ['y0', 'y1'].map((name) => [...(step.get(name)!.data as Float32Array)]),
  );

/** In order, again, behind the end, and before the start. */
const POSITIONS = [0, 1, 2, 3, 4, 5, 3, CONTEXT, 40, -1];

const cases: readonly [string, DecoderOptions][] = [
  ['float32', { quantized: false }],
  ['float32, multiplied, masked the other way round', { quantized: false, scaling: 'Mul', inverted: false }],
  ['bytes', { quantized: true }],
  ['bytes, multiplied, masked the other way round', { quantized: true, scaling: 'Mul', inverted: false }],
];

describe.each(cases)('%s', (_, options) => {
  it('two layers become attention over four caches, and nothing else is left of them', () => {
    const ops = opsOf(canonical(options, true));
    expect(ops.filter((op) => op === 'CachedAttention')).toHaveLength(2);
    expect(ops.filter((op) => op === 'CacheUpdate')).toHaveLength(4);
    for (const op of ['Where', 'Gather', 'Concat', 'MatMul', 'Softmax', 'Transpose']) expect(ops).not.toContain(op);
  });

  it('the results stay the same', () => {
    expect(outputsOf(canonical(options, true), POSITIONS)).toEqual(outputsOf(canonical(options, false), POSITIONS));
  });

  it('the kernels are bit-exact, and the reference is equal to ONNX Runtime', async () => {
    const source = { fileName: 'decoder.onnx', bytes: decoderStep(options).bytes() };
    const compilation = await compile(source, { target: 'host', states: STATES });
    const vectors = decoderInputs(POSITIONS);
    const result = await verifyModel(
      compilation,
      { vectors, labels: POSITIONS.map(String) },
      { onnxRuntime: 'require', sanitize: true },
    );
    expect(result.firstDivergence).toBeUndefined();
    expect(result.passed).toBe(true);
  });
});

describe('kernels for one shape', () => {
  it.each([4, 8, 12])(
    'heads of %i elements on the DSP extension, and its instructions in C on the host',
    async (dim) => {
      const source = { fileName: 'decoder.onnx', bytes: decoderStep({ quantized: true, dim }).bytes() };
      const compilation = await compile(source, { target: 'cortex-m4', states: STATES });
      const functions = compilation.plan.calls.map((call) => call.function);
      expect(functions.filter((name) => name === `nanoc_cached_attention_dsp_2x2x${dim}`)).toHaveLength(2);
      const set = { vectors: decoderInputs(POSITIONS, dim), labels: POSITIONS.map(String) };
      for (const target of [compilation.target, host]) {
        const sanitize = target === host;
        const result = await verifyModel({ ...compilation, target }, set, { onnxRuntime: 'off', sanitize });
        expect(result.firstDivergence).toBeUndefined();
        expect(result.passed).toBe(true);
      }
    },
  );

  it.each(['rv32imc', 'cortex-m3'])('plain C for heads of any size on %s', async (target) => {
    for (const dim of [3, 6, 8]) {
      const source = { fileName: 'decoder.onnx', bytes: decoderStep({ quantized: true, dim }).bytes() };
      const compilation = await compile(source, { target, states: STATES });
      const functions = compilation.plan.calls.map((call) => call.function);
      expect(functions).toContain(`nanoc_cached_attention_c_2x2x${dim}`);
      const set = { vectors: decoderInputs(POSITIONS, dim), labels: POSITIONS.map(String) };
      const result = await verifyModel(compilation, set, { onnxRuntime: 'off' });
      expect(result.firstDivergence).toBeUndefined();
      expect(result.passed).toBe(true);
    }
  });

  it('long heads, and cores of eight registers, are left to the portable one', async () => {
    const attention = async (dim: number, target: string) => {
      const source = { fileName: 'decoder.onnx', bytes: decoderStep({ quantized: true, dim }).bytes() };
      const { plan } = await compile(source, { target, states: STATES });
      return plan.calls.find((call) => call.function === 'nanoc_cached_attention_s8');
    };
    expect((await attention(20, 'cortex-m4'))?.reason).toMatch(/20 elements, more than 16/);
    expect((await attention(8, 'cortex-m0'))?.reason).toMatch(/eight registers/);
  });
});

describe('memory', () => {
  it('a cache in bytes is its state, written in place: nothing is copied', async () => {
    const source = { fileName: 'decoder.onnx', bytes: decoderStep({ quantized: true }).bytes() };
    const { plan } = await compile(source, { target: 'host', states: STATES });
    expect(plan.stateBytes).toBe(4 * CONTEXT * 8);
    expect(plan.calls.map((call) => call.function)).not.toContain('nanoc_copy');
    const places = [...plan.placements.values()].filter(({ region, kind }) => region === 'state' && kind === 'value');
    expect(new Set(places.map(({ offset }) => offset)).size).toBe(4);
  });
});

describe('what is not this pattern stays as it is', () => {
  it('a mask that leaves a weight', () => {
    expect(opsOf(canonical({ quantized: true, mask: -20 }, true))).not.toContain('CachedAttention');
    expect(opsOf(canonical({ quantized: false, mask: -100 }, true))).not.toContain('CachedAttention');
  });
});
