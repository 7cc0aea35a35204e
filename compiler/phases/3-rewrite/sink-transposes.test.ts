import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import type { Graph } from '../../ir/graph.js';
import { removeNoOps } from './remove-no-ops.js';
import { sinkTransposes } from './sink-transposes.js';

const BACK: Record<number, number[]> = { 4: [0, 3, 1, 2], 3: [0, 2, 1], 2: [1, 0] };

/** x [2,3,4,5] is transposed to channels last, something happens, the result is transposed back. */
function between(build: (model: ModelSketch) => string, rank = 4): Graph {
  const model = new ModelSketch(18);
  model.input('x', 'float32', 2, 3, 4, 5);
  model.node('Transpose', ['x'], 't', { perm: [0, 2, 3, 1] });
  const made = build(model);
  model.node('Transpose', [made], 'y', { perm: BACK[rank]! });
  return model.output('y', 'float32').canonical();
}

const ints = (m: ModelSketch, name: string, ...values: number[]) =>
  m.constant(name, tensor('int64', [values.length], ...values));

describe('Transposes sink until they meet their inverse', () => {
  it.each([
    ['an elementwise operator', between((m) => m.node('Relu', ['t'], 'a'))],
    [
      'a sum with a constant per channel',
      between((m) => m.node('Add', ['t', m.constant('k', tensor('float32', [3], 1, 2, 3))], 'a')),
    ],
    ['a sum with one number', between((m) => m.node('Add', ['t', m.constant('k', tensor('float32', [], 2))], 'a'))],
    [
      'a product with a factor for each channel that is computed',
      between((m) => {
        m.node('Transpose', ['t'], 'back', { perm: [0, 3, 1, 2] });
        m.node('ReduceMean', ['back', ints(m, 'axes', 0, 2, 3)], 'mean', { keepdims: 1 });
        m.node('Reshape', ['mean', ints(m, 'shape', 1, 1, 1, 3)], 'factor');
        return m.node('Mul', ['t', 'factor'], 'a');
      }),
    ],
    ['a sum of two', between((m) => m.node('Add', [m.node('Relu', ['t'], 'r'), 't'], 'a'))],
    ['a Concat', between((m) => m.node('Concat', ['t', m.node('Relu', ['t'], 'r')], 'a', { axis: -1 }))],
    ['a Softmax', between((m) => m.node('Softmax', ['t'], 'a', { axis: 3 }))],
    [
      'a Slice',
      between((m) => m.node('Slice', ['t', ints(m, 'from', 1, 0), ints(m, 'to', 4, 2), ints(m, 'axes', 2, 3)], 'a')),
    ],
    ['a Pad', between((m) => m.node('Pad', ['t', ints(m, 'pads', 0, 1, 2, 0, 0, 0, 1, 3)], 'a'))],
    [
      'a mean that keeps dimensions',
      between((m) => m.node('ReduceMean', ['t', ints(m, 'axes', 1, 2)], 'a', { keepdims: 1 })),
    ],
    [
      'a maximum that drops one',
      between((m) => m.node('ReduceMax', ['t', ints(m, 'axes', 2)], 'a', { keepdims: 0 }), 3),
    ],
  ])('%s', (_, before) => {
    const after = apply(before, sinkTransposes, removeNoOps);
    expect(sketch(after).join('\n')).not.toContain('Transpose');
    expect(results(after)).toEqual(results(before));
  });

  it('a Split', () => {
    const model = new ModelSketch();
    model.input('x', 'int8', 1, 4, 2, 3);
    model.node('Transpose', ['x'], 't', { perm: [0, 2, 3, 1] });
    const before = splitOf(model);
    const after = apply(before, sinkTransposes, removeNoOps);
    expect(sketch(after).filter((line) => line.includes('Transpose'))).toHaveLength(0);
    expect(results(after)).toEqual(results(before));
  });

  it('through a Reshape that adds a dimension of 1', () => {
    const model = new ModelSketch();
    model.input('x', 'float32', 2, 3, 4);
    model.node('Transpose', ['x'], 't', { perm: [0, 2, 1] });
    model.node('Unsqueeze', ['t', ints(model, 'axes', 1)], 'u');
    model.node('Transpose', ['u'], 'y', { perm: [0, 1, 3, 2] });
    const before = model.output('y', 'float32', 2, 1, 3, 4).canonical();
    const after = apply(before, sinkTransposes, removeNoOps);
    expect(sketch(after)).toEqual(['y = Reshape(x)']);
    expect(results(after)).toEqual(results(before));
  });

  it('per-channel scales follow their axis', () => {
    const model = new ModelSketch();
    model.input('x', 'float32', 1, 2, 3);
    model.node('Transpose', ['x'], 't', { perm: [0, 2, 1] });
    model.constant('s', tensor('float32', [2], 0.1, 0.3));
    model.constant('z', tensor('int8', [2], 5, -9));
    model.node('QuantizeLinear', ['t', 's', 'z'], 'q', { axis: 2 });
    model.node('DequantizeLinear', ['q', 's', 'z'], 'y', { axis: 2 });
    const before = model.output('y', 'float32', 1, 3, 2).canonical();
    const after = apply(before, sinkTransposes, removeNoOps);
    expect(results(after)).toEqual(results(before));
  });
});

function splitOf(model: ModelSketch): Graph {
  model.nodeWithOutputs('Split', ['t', ints(model, 'sizes', 1, 3)], ['a', 'b'], { axis: 3 });
  model.node('Transpose', ['a'], 'y', { perm: [0, 3, 1, 2] });
  model.node('Transpose', ['b'], 'z', { perm: [0, 3, 1, 2] });
  return model.output('y', 'int8').output('z', 'int8').canonical();
}

it('a Transpose that only moves ones is a Reshape', () => {
  const model = new ModelSketch();
  model.input('x', 'float32', 2, 1, 5, 1);
  model.node('Transpose', ['x'], 'y', { perm: [1, 0, 3, 2] });
  const before = model.output('y', 'float32', 1, 2, 1, 5).canonical();
  const after = apply(before, sinkTransposes);
  expect(sketch(after)).toEqual(['y = Reshape(x)']);
  expect(results(after)).toEqual(results(before));
});

describe('it stays above', () => {
  it.each([
    ['an operator that looks at the order', between((m) => m.node('Flatten', ['t'], 'a'), 2)],
    [
      'a float sum whose order would change',
      between((m) => m.node('ReduceSum', ['t', ints(m, 'axes', 2, 3)], 'a', { keepdims: 0 }), 2),
    ],
  ])('%s', (_, before) => {
    const after = apply(before, sinkTransposes);
    expect(results(after)).toEqual(results(before));
    expect(sketch(after)[0]).toBe('t = Transpose(x)');
  });
});

it('a DequantizeLinear with a scale per channel reads the channels that it read', () => {
  const model = new ModelSketch();
  model.input('x', 'int8', 1, 2, 3);
  model.node('Transpose', ['x'], 't', { perm: [0, 2, 1] });
  model.constant('s', tensor('float32', [2], 0.1, 0.3));
  model.node('DequantizeLinear', ['t', 's'], 'd', { axis: 2 });
  model.node('Transpose', ['d'], 'y', { perm: [0, 2, 1] });
  const before = model.output('y', 'float32', 1, 2, 3).canonical();
  expect(results(apply(before, sinkTransposes, removeNoOps))).toEqual(results(before));
});
