import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import type { Graph } from '../../ir/graph.js';
import type { Tensor } from '../../ir/tensor.js';
import { foldScaleIntoConv } from './fold-scale-into-conv.js';

/** Weights, factors and inputs are small integers and halves: float sums of them are exact in any order. */
function scaled(op: string, factor: Tensor, bias: boolean, convIsOutput = false) {
  const model = new ModelSketch();
  model.input('x', 'float32', 1, 2, 3, 3);
  const inputs = ['x', model.constant('w', tensor('float32', [3, 2, 1, 1], 1, -2, 0.5, 3, 4, -1))];
  if (bias) inputs.push(model.constant('b', tensor('float32', [3], 1, 2, -3)));
  model.node('Conv', inputs, 'c');
  model.constant('k', factor);
  model.node(op, ['k', 'c'], 'y');
  if (convIsOutput) model.output('c', 'float32', 1, 3, 3, 3);
  return model.output('y', 'float32', 1, 3, 3, 3).canonical();
}

/** 2 * 0 + -0 is 0 and (2 * 0) * -4 is -0: the sign of a zero may change. */
function withoutSignOfZero(graph: Graph): number[][] {
  return results(graph).map((values) => values.map((x) => x + 0));
}

const perChannel = tensor('float32', [1, 3, 1, 1], 2, 0.5, -4);

describe('a factor or term per channel goes into weights and bias', () => {
  it.each([
    ['Mul', scaled('Mul', perChannel, true), 'y = Conv(x, #, #)'],
    ['Mul without bias', scaled('Mul', perChannel, false), 'y = Conv(x, #)'],
    ['Mul by one number', scaled('Mul', tensor('float32', [], 8), true), 'y = Conv(x, #, #)'],
    ['Add', scaled('Add', perChannel, true), 'y = Conv(x, #, #)'],
    ['Add makes a bias', scaled('Add', tensor('float32', [3, 1, 1], 2, 0.5, -4), false), 'y = Conv(x, #, #)'],
  ])('%s', (_, before, wanted) => {
    const after = apply(before, foldScaleIntoConv);
    expect(sketch(after)).toEqual([wanted]);
    expect(withoutSignOfZero(after)).toEqual(withoutSignOfZero(before));
  });
});

describe('it does not fire', () => {
  it.each([
    ['for a factor along the columns', scaled('Mul', tensor('float32', [3], 2, 0.5, -4), true)],
    ['for a factor per pixel', scaled('Mul', tensor('float32', [1, 1, 3, 3], 1, 2, 3), true)],
    ['where something else reads the convolution', scaled('Mul', perChannel, true, true)],
    ['for a division', scaled('Div', perChannel, true)],
  ])('%s', (_, before) => {
    expect(sketch(apply(before, foldScaleIntoConv))).toEqual(sketch(before));
  });
});
