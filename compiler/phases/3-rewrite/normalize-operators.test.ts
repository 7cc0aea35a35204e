import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import { normalizeOperators } from './normalize-operators.js';

function floats(
  op: string,
  attributes: Record<string, number | number[]>,
  constants: [string, number[], number[]][],
  ...shape: number[]
) {
  const model = new ModelSketch();
  model.input('x', 'float32', ...shape);
  for (const [name, size, values] of constants) {
    const dtype = name === 'x2' ? 'float32' : 'int64';
    model.constant(name, tensor(dtype, size, ...values));
  }
  model.node(op, ['x', ...constants.map(([name]) => name)], 'y', attributes);
  return model.output('y', 'float32').checked();
}

describe('operators take their canonical form', () => {
  it.each([
    ['Flatten', floats('Flatten', { axis: 2 }, [], 2, 3, 4), ['y = Reshape(x)']],
    ['Squeeze', floats('Squeeze', {}, [['axes', [1], [1]]], 2, 1, 4), ['y = Reshape(x)']],
    ['Gemm', floats('Gemm', { transB: 1 }, [['x2', [5, 3], [1, 2, -1]]], 2, 3), ['y = MatMul(x, #)']],
    ['a transposed left side', floats('Gemm', { transA: 1 }, [['x2', [3, 5], [1]]], 3, 2), ['Transpose', 'MatMul']],
    ['GlobalAveragePool', floats('GlobalAveragePool', {}, [], 1, 3, 4, 2), ['y = AveragePool(x)']],
    [
      'a pool of one dimension',
      floats('MaxPool', { kernel_shape: [3] }, [], 1, 3, 8),
      ['Reshape', 'MaxPool', 'y = Reshape'],
    ],
    ['negative axes of a mean', floats('ReduceMean', { axes: [-1] }, [], 2, 3, 4), ['y = ReduceMean(x)']],
  ])('%s', (_, before, wanted) => {
    const after = apply(before, normalizeOperators);
    expect(sketch(after)).toHaveLength(wanted.length);
    sketch(after).forEach((line, i) => {
      expect(line).toContain(wanted[i]);
    });
  });

  it('all attributes of a Conv become explicit', () => {
    const model = new ModelSketch();
    model.input('x', 'float32', 1, 1, 5, 5);
    model.constant('w', tensor('float32', [1, 1, 2, 2], 1));
    model.node('Conv', ['x', 'w'], 'y', { auto_pad: 'SAME_LOWER', strides: [1, 2] });
    const after = apply(model.output('y', 'float32').checked(), normalizeOperators);
    expect(after.nodes[0]!.attributes).toEqual({
      ...{ kernel_shape: [2, 2], strides: [1, 2], dilations: [1, 1], group: 1 },
      // Five rows need one more; of five columns the last window, at 4, needs one as well.
      pads: [1, 1, 0, 0],
    });
  });
});

it('canonical operators stay as they are', () => {
  const before = floats('Relu', {}, [], 2, 3);
  expect(sketch(apply(before, normalizeOperators))).toEqual(sketch(before));
  expect(results(apply(before, normalizeOperators))).toEqual(results(before));
});
