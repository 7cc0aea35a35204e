import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import { Random } from '../../../test/support/random.js';
import { foldWeights } from './fold-constants.js';
import { liftQdq } from './lift-qdq.js';
import { permuteWeights } from './permute-weights.js';
import { slideQuantization } from './slide-quantization.js';

const random = new Random(2);
const weights = Array.from({ length: 48 }, () => random.integer(-128, 127));

/** x [batch,2,2,3], transposed, flattened and multiplied by [12,4] weights. */
function flattened(perm: number[], batch = 1, bytes = true) {
  const model = new ModelSketch();
  model.input('x', 'int8', batch, 2, 2, 3);
  model.dequantize('x', { scale: 0.5, zero: 4 });
  model.node('Transpose', ['x_f'], 't', { perm });
  model.constant('shape', tensor('int64', [2], batch, 12));
  model.node('Reshape', ['t', 'shape'], 'r');
  model.constant('w', tensor('int8', [12, 4], ...weights));
  model.dequantize('w', { scale: 0.02, zero: 3 });
  model.node('MatMul', ['r', 'w_f'], 's');
  if (bytes) model.quantize('s', 'y', { scale: 1.3, zero: 0 });
  model.output(bytes ? 'y' : 's', bytes ? 'int8' : 'float32', batch, 4);
  return apply(model.canonical(), slideQuantization, liftQdq, foldWeights);
}

describe('rows of the weights are permuted instead of the activations', () => {
  it.each([
    ['channels first to last', flattened([0, 2, 3, 1])],
    ['a batch of two', flattened([0, 3, 1, 2], 2)],
    ['three dimensions in a circle', flattened([0, 3, 2, 1])],
  ])('%s', (_, before) => {
    const after = apply(before, permuteWeights);
    expect(sketch(after).join()).not.toContain('Transpose');
    expect(results(after)).toEqual(results(before));
  });
});

describe('it does not fire', () => {
  it.each([
    ['for floats, whose sums depend on their order', flattened([0, 2, 3, 1], 1, false)],
    ['where the batch moves', flattened([1, 0, 2, 3], 2)],
  ])('%s', (_, before) => {
    expect(sketch(apply(before, permuteWeights))).toEqual(sketch(before));
  });
});
