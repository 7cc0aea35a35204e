import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import { fuseFloatActivation } from './fuse-float-activation.js';

function activated(op: 'Relu' | 'Clip', bounds: readonly number[] = [], sumIsOutput = false) {
  const model = new ModelSketch();
  model.input('a', 'float32', 1, 40);
  model.input('b', 'float32', 1, 40);
  model.node('Add', ['a', 'b'], 's');
  const constants = bounds.map((bound, i) => model.constant(`bound${i}`, tensor('float32', [], bound)));
  model.node(op, ['s', ...constants], 'y');
  if (sumIsOutput) model.output('s', 'float32', 1, 40);
  return model.output('y', 'float32', 1, 40).canonical();
}

describe('an activation of floats becomes a clamp', () => {
  it.each([
    ['Relu', activated('Relu')],
    ['Clip', activated('Clip', [-1.5, 2])],
    ['Clip below only', activated('Clip', [-1.5])],
    ['Clip to infinity', activated('Clip', [0, Number.POSITIVE_INFINITY])],
  ])('%s', (_, before) => {
    const after = apply(before, fuseFloatActivation);
    expect(sketch(after)).toEqual(['y = Add(a, b)']);
    expect(results(after)).toEqual(results(before));
  });
});

it('does not fire where something else reads the sum, or for bounds the wrong way round', () => {
  for (const before of [activated('Relu', [], true), activated('Clip', [2, -1])]) {
    expect(sketch(apply(before, fuseFloatActivation))).toEqual(sketch(before));
  }
});
