import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import type { Tensor } from '../../ir/tensor.js';
import { fuseBias } from './fuse-bias.js';

function matMul(term: Tensor, more: { sumFirst?: boolean; productIsOutput?: boolean } = {}) {
  const model = new ModelSketch();
  model.input('x', 'float32', 2, 3);
  model.constant('w', tensor('float32', [3, 4], 1, -2, 0.5, 3, 2));
  model.node('MatMul', ['x', 'w'], 'p');
  model.constant('t', term);
  model.node('Add', more.sumFirst ? ['t', 'p'] : ['p', 't'], 'y');
  if (more.productIsOutput) model.output('p', 'float32', 2, 4);
  return model.output('y', 'float32', 2, 4).canonical();
}

const bias = tensor('float32', [4], 1, 2, 3, 4);

describe('the term becomes the bias', () => {
  it.each([
    ['of a MatMul', matMul(bias)],
    ['written before the product', matMul(bias, { sumFirst: true })],
    ['with a leading dimension', matMul(tensor('float32', [1, 4], 1, 2, 3, 4))],
  ])('%s', (_, before) => {
    const after = apply(before, fuseBias);
    expect(sketch(after)).toEqual(['y = MatMul(x, #, #)']);
    expect(results(after)).toEqual(results(before));
  });

  it('of a Conv, quantized', () => {
    const model = new ModelSketch();
    model.input('x', 'float32', 1, 2, 2, 2);
    model.constant('w', tensor('float32', [3, 2, 1, 1], 1, -2, 0.5, 3, 4, -1));
    model.node('Conv', ['x', 'w'], 'c');
    model.constant('b', tensor('int8', [1, 3, 1, 1], 5, -6, 7));
    model.dequantize('b', { scale: 0.5, zero: 1 });
    model.node('Add', ['c', 'b_f'], 'y');
    const before = model.output('y', 'float32', 1, 3, 2, 2).canonical();
    const after = apply(before, fuseBias);
    expect(sketch(after).at(-1)).toMatch(/^y = Conv\(x, #, b_f__vector\)$/);
    expect(results(after)).toEqual(results(before));
  });
});

describe('it does not fire', () => {
  const one = new ModelSketch();
  one.input('x', 'float32', 2, 3);
  one.constant('w', tensor('float32', [3, 4], 1, -2));
  one.node('MatMul', ['x', 'w'], 'p');
  one.node('Add', ['p', 'p'], 'y');
  it.each([
    ['for a term per row', matMul(tensor('float32', [2, 1], 1, 2))],
    ['for a term per element', matMul(tensor('float32', [2, 4], 1, 2, 3, 4, 5, 6, 7, 8))],
    ['where something else reads the product', matMul(bias, { productIsOutput: true })],
    ['for a product added to itself', one.output('y', 'float32', 2, 4).canonical()],
  ])('%s', (_, before) => {
    expect(sketch(apply(before, fuseBias))).toEqual(sketch(before));
  });
});
