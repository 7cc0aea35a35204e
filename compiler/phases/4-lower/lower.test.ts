import { describe, expect, it } from 'vitest';
import { target as host } from '../../../targets/host/target.js';
import { ModelSketch, tensor } from '../../../test/support/model-sketch.js';
import type { CompileOptions } from '../../compilation.js';
import { CompileError, Diagnostics } from '../../diagnostics/diagnostic.js';
import type { Graph } from '../../ir/graph.js';
import type { Feature } from '../../ir/target.js';
import { canonicalise, optimise } from '../3-rewrite/index.js';
import { hasKernelBesides, lower } from './index.js';

const X = { scale: 0.05, zero: -3 };

function optimised(build: (model: ModelSketch) => void): Graph {
  const model = new ModelSketch();
  build(model);
  const diagnostics = new Diagnostics();
  return optimise(canonicalise(model.checked(), diagnostics), { features: [] }, diagnostics);
}

/** 1x1 convolution of 16 channels, NHWC when it is lowered. */
const pointwise = optimised((model) => {
  model.dequantize(model.input('x', 'int8', 1, 16, 4, 4), X);
  model.constant('w', tensor('int8', [8, 16, 1, 1], 3, -50, 120, 7, 1));
  model.node('Conv', ['x_f', model.dequantize('w', { scale: 0.01, zero: 0 })], 's');
  model.quantize('s', 'y', { scale: 0.4, zero: 2 });
  model.output('y', 'int8');
});

function lowered(graph: Graph, features: readonly Feature[], options: Partial<CompileOptions> = {}) {
  const diagnostics = new Diagnostics();
  const program = lower(graph, { ...host, features }, { target: 'host', ...options }, diagnostics);
  diagnostics.throwIfErrors();
  return program;
}

const convOf = (graph: Graph, features: readonly Feature[], options?: Partial<CompileOptions>) =>
  lowered(graph, features, options).calls.find(({ node }) => node.op === 'Conv')!;

describe('the choice of a kernel', () => {
  it('the best that the features allow', () => {
    expect(convOf(pointwise, []).family).toBe('portable');
    expect(convOf(pointwise, ['dsp', 'fpu', 'unaligned']).family).toBe('native');
  });

  it('says why a better one was passed over', () => {
    expect(convOf(pointwise, []).reason).toMatch(/not \S+: the core has no .*dsp/);
    expect(convOf(pointwise, ['dsp', 'fpu', 'unaligned'], { kernels: 'portable' })).toMatchObject({
      family: 'portable',
      reason: expect.stringContaining('--kernels leaves the native family out'),
    });
  });
});

describe('kernels that were found wrong', () => {
  const features = ['dsp', 'fpu', 'unaligned'] as const;

  it('are passed over for that layer alone, and the reason is kept', () => {
    const call = convOf(pointwise, features);
    const excluded = [{ output: call.node.outputs[0]!, kernel: call.function, because: 'it writes too far' }];
    const next = convOf(pointwise, features, { excluded });
    expect(next.function).not.toBe(call.function);
    expect(next.reason).toContain(`not ${call.function}: it writes too far`);
    const other = convOf(pointwise, features, { excluded: [{ ...excluded[0]!, output: 'another' }] });
    expect(other.function).toBe(call.function);
  });

  it('leave nothing when they are all', () => {
    const [output] = convOf(pointwise, []).node.outputs;
    const fitting = ['nanoc_matmul_s8', 'nanoc_conv_s8'];
    const excluded = fitting.map((kernel) => ({ output: output!, kernel, because: 'it is wrong' }));
    const isLeft = (count: number) =>
      hasKernelBesides(excluded.slice(0, count), output!, pointwise, host, { target: 'host' });
    expect(convOf(pointwise, [], { excluded: excluded.slice(0, 1) }).function).toBe('nanoc_conv_s8');
    expect([0, 1, 2].map(isLeft)).toEqual([true, true, false]);
    // The kernel for float32 is no way out.
    const because = expect.stringMatching(
      /not nanoc_conv_f32: int8 .*\nnot nanoc_matmul_s8: it is wrong\nnot nanoc_conv_s8: it is wrong$/s,
    );
    expect(() => lowered(pointwise, [], { excluded })).toThrow(
      expect.objectContaining({ diagnostics: [expect.objectContaining({ code: 'NC0320', because })] }),
    );
  });
});

describe('views need no call', () => {
  it('Reshape and a Split along the outermost dimension', () => {
    const graph = optimised((model) => {
      model.input('x', 'int8', 4, 6);
      model.constant('sizes', tensor('int64', [2], 1, 3));
      model.nodeWithOutputs('Split', ['x', 'sizes'], ['a', 'b'], { axis: 0 });
      model.constant('shape', tensor('int64', [1], 18));
      model.node('Reshape', ['b', 'shape'], 'r');
      model.dequantize('a', X, 'y');
      model.dequantize('r', X, 'z');
      model.output('y', 'float32').output('z', 'float32');
    });
    const { calls, views } = lowered(graph, []);
    expect(calls.map(({ node }) => node.op)).toEqual(['DequantizeLinear', 'DequantizeLinear']);
    expect(views.map(({ value, base, byteOffset }) => [value, base, byteOffset])).toEqual(
      expect.arrayContaining([
        ['a', 'x', 0],
        ['b', 'x', 6],
        ['r', 'b', 0],
      ]),
    );
  });
});

it('names every node that no kernel runs', () => {
  const graph = optimised((model) => {
    model.input('x', 'float32', 2, 2);
    model.node('Relu', ['x'], 'y');
    model.output('y', 'float32');
  });
  const unknown = graph.nodes.map((node) => ({ ...node, op: 'Shape', attributes: {} }));
  expect(() => lowered({ ...graph, nodes: unknown }, [])).toThrow(CompileError);
  expect(() => lowered({ ...graph, nodes: unknown }, [])).toThrow(/NC0320.*no kernel runs Shape/s);
});
