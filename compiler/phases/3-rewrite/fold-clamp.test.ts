import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, type Parameters, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import { foldClamp } from './fold-clamp.js';
import { liftQdq } from './lift-qdq.js';
import { slideQuantization } from './slide-quantization.js';

const X = { scale: 0.05, zero: -3 };

function sum(activation: (model: ModelSketch) => void, y: Parameters, sumIsOutput = false) {
  const model = new ModelSketch();
  model.input('a', 'int8', 1, 64);
  model.input('b', 'int8', 1, 64);
  model.dequantize('a', X);
  model.dequantize('b', X);
  model.node('Add', ['a_f', 'b_f'], 's');
  activation(model);
  model.quantize('r', 'y', y);
  if (sumIsOutput) model.output('s', 'float32', 1, 64);
  return apply(model.output('y', 'int8', 1, 64).canonical(), slideQuantization, liftQdq);
}

const relu = (model: ModelSketch) => void model.node('Relu', ['s'], 'r');

describe('an activation becomes a clamp of the operator before it', () => {
  it('Relu', () => {
    const before = sum(relu, { scale: 0.1, zero: 20 });
    const after = apply(before, foldClamp);
    expect(sketch(after)).toEqual(['y = Add(a, b)']);
    expect(after.nodes[0]!.attributes.clamp).toEqual([20, 127]);
    expect(results(after)).toEqual(results(before));
  });

  it('Clip, with bounds that are no multiples of the scale', () => {
    const clip = (model: ModelSketch) => {
      model.constant('low', tensor('float32', [], -1.07));
      model.constant('high', tensor('float32', [], 2.22));
      model.node('Clip', ['s', 'low', 'high'], 'r');
    };
    const before = sum(clip, { scale: 0.1, zero: 20 });
    const after = apply(before, foldClamp);
    expect(sketch(after)).toEqual(['y = Add(a, b)']);
    expect(after.nodes[0]!.attributes.clamp).toEqual([9, 42]);
    expect(results(after)).toEqual(results(before));
  });

  it('the zero point at the lower limit leaves nothing to clamp', () => {
    const after = apply(sum(relu, { scale: 0.1, zero: -128 }), foldClamp);
    expect(after.nodes[0]!.attributes.clamp).toEqual([-128, 127]);
  });
});

it('does not fire where something else reads the sum', () => {
  const before = sum(relu, { scale: 0.1, zero: 20 }, true);
  expect(sketch(apply(before, foldClamp))).toEqual(sketch(before));
});
