import { expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import { mergeEqual } from './merge-equal.js';

it('tied weights are stored once, and equal nodes are one', () => {
  const model = new ModelSketch();
  model.input('x', 'float32', 1, 2);
  const numbers = [1, -2, 0.5, 3];
  model.constant('w1', tensor('float32', [2, 2], ...numbers));
  model.constant('w2', tensor('float32', [2, 2], ...numbers));
  model.node('MatMul', ['x', 'w1'], 'a');
  model.node('MatMul', ['x', 'w2'], 'b');
  model.node('Sub', ['a', 'b'], 'y');
  const before = model.output('y', 'float32', 1, 2).canonical();
  const after = apply(before, mergeEqual);
  expect(sketch(after)).toEqual(['a = MatMul(x, #)', 'y = Sub(a, a)']);
  expect([...after.values.values()].filter(({ constant }) => constant !== undefined)).toHaveLength(1);
  expect(results(after)).toEqual(results(before));
});

it('nothing is merged that differs in a byte, a shape or an attribute', () => {
  const model = new ModelSketch();
  model.input('x', 'float32', 2, 2);
  model.constant('k', tensor('float32', [2, 2], 1, 2, 3, 4));
  model.constant('l', tensor('float32', [2, 2], 1, 2, 3, 5));
  model.constant('m', tensor('float32', [1, 2, 2], 1, 2, 3, 4));
  model.node('Add', ['x', 'k'], 'a');
  model.node('Add', ['x', 'l'], 'b');
  model.node('Add', ['x', 'm'], 'c');
  model.node('Softmax', ['x'], 'd', { axis: 0 });
  model.node('Softmax', ['x'], 'e', { axis: 1 });
  for (const name of ['a', 'b', 'd', 'e']) model.output(name, 'float32', 2, 2);
  const before = model.output('c', 'float32', 1, 2, 2).canonical();
  expect(sketch(apply(before, mergeEqual))).toEqual(sketch(before));
});

it('two graph outputs of equal value keep their names', () => {
  const model = new ModelSketch();
  model.input('x', 'float32', 2, 2);
  model.node('Relu', ['x'], 'a');
  model.node('Relu', ['x'], 'b');
  model.output('a', 'float32', 2, 2).output('b', 'float32', 2, 2);
  const after = apply(model.canonical(), mergeEqual);
  expect(after.outputs).toEqual(['a', 'b']);
  expect(sketch(after)).toHaveLength(2);
});
