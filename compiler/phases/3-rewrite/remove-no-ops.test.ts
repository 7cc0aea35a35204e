import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import { removeNoOps } from './remove-no-ops.js';

function model(build: (model: ModelSketch) => string, ...shape: number[]) {
  const made = new ModelSketch();
  made.input('x', 'float32', 2, 6);
  made.constant('flat', tensor('int64', [1], 12));
  made.constant('square', tensor('int64', [2], 3, 4));
  made.constant('same', tensor('int64', [2], 2, 6));
  return made.output(build(made), 'float32', ...shape).canonical();
}

describe('what changes nothing disappears', () => {
  it.each([
    [
      'Reshape of a Reshape',
      model((m) => m.node('Reshape', [m.node('Reshape', ['x', 'flat'], 'a'), 'square'], 'y'), 3, 4),
      ['y = Reshape(x)'],
    ],
    [
      'a Reshape to the shape that is there',
      model((m) => m.node('Relu', [m.node('Reshape', ['x', 'same'], 'a')], 'y'), 2, 6),
      ['y = Relu(x)'],
    ],
    [
      'an idle Transpose before the output: its name stays',
      model((m) => m.node('Transpose', [m.node('Relu', ['x'], 'a')], 'y', { perm: [0, 1] }), 2, 6),
      ['y = Relu(x)'],
    ],
  ])('%s', (_, before, wanted) => {
    const after = apply(before, removeNoOps);
    expect(sketch(after)).toEqual(wanted);
    expect(results(after)).toEqual(results(before));
  });
});

it('an input that is an output needs its copy', () => {
  const before = model((m) => m.node('Identity', ['x'], 'y'), 2, 6);
  expect(sketch(apply(before, removeNoOps))).toEqual(['y = Reshape(x)']);
});

it('two outputs of one tensor keep two names', () => {
  const made = new ModelSketch();
  made.input('x', 'float32', 2, 6);
  made.node('Relu', ['x'], 'a');
  made.node('Identity', ['a'], 'b');
  made.output('a', 'float32', 2, 6).output('b', 'float32', 2, 6);
  const after = apply(made.canonical(), removeNoOps);
  expect(after.outputs).toEqual(['a', 'b']);
  expect(sketch(after)).toEqual(['a = Relu(x)', 'b = Reshape(a)']);
});

it('a real Transpose stays', () => {
  const before = model((m) => m.node('Transpose', ['x'], 'y', { perm: [1, 0] }), 6, 2);
  expect(sketch(apply(before, removeNoOps))).toEqual(['y = Transpose(x)']);
});
