import { expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import { valueOf } from '../../ir/graph.js';
import { foldConstants, foldWeights } from './fold-constants.js';

it('shape arithmetic disappears', () => {
  const model = new ModelSketch();
  model.input('x', 'float32', 2, 3, 4);
  model.constant('from', tensor('int64', [1], 0));
  model.constant('to', tensor('int64', [1], 1));
  model.constant('minus', tensor('int64', [1], -1));
  model.node('Shape', ['x'], 'shape');
  model.node('Slice', ['shape', 'from', 'to'], 'batch');
  model.node('Concat', ['batch', 'minus'], 'target', { axis: 0 });
  model.node('Reshape', ['x', 'target'], 'y');
  const before = model.output('y', 'float32', 2, 12).checked();
  const after = apply(before, foldConstants);
  expect(sketch(after)).toEqual(['y = Reshape(x, #)']);
  expect(results(after)).toEqual(results(before));
});

it('weights stay quantized until lifting has seen them, then they are floats', () => {
  const model = new ModelSketch();
  model.input('x', 'float32', 1, 2);
  model.constant('w', tensor('int8', [2, 2], 10, -20, 30, -40));
  model.dequantize('w', { scale: 0.5, zero: 2 });
  model.node('MatMul', ['x', 'w_f'], 'y');
  const before = model.output('y', 'float32', 1, 2).canonical();
  expect(sketch(apply(before, foldConstants))).toEqual(sketch(before));
  const after = apply(before, foldWeights);
  expect(sketch(after)).toEqual(['y = MatMul(x, #)']);
  expect(Array.from(valueOf(after, 'w_f').constant!.data, Number)).toEqual([4, -11, 14, -21]);
});

it('a float constant that is quantized in the graph is quantized by the compiler', () => {
  const model = new ModelSketch();
  model.input('x', 'int8', 1, 4);
  model.constant('c', tensor('float32', [1, 4], 0.25, 0.75, -100, 1.3));
  model.quantize('c', 'q', { scale: 0.5, zero: 1 });
  model.node('Concat', ['x', 'q'], 'y', { axis: 1 });
  const after = apply(model.output('y', 'int8', 1, 8).checked(), foldConstants);
  expect(sketch(after)).toEqual(['y = Concat(x, #)']);
  // 0.5 and 1.5 are ties: both go to the even neighbour.
  expect(Array.from(valueOf(after, 'q').constant!.data, Number)).toEqual([1, 3, -128, 4]);
});

it('what would be much larger than its inputs stays a node', () => {
  const model = new ModelSketch();
  model.input('x', 'float32', 1);
  model.constant('one', tensor('float32', [1], 1));
  model.constant('shape', tensor('int64', [2], 300, 300));
  model.node('Expand', ['one', 'shape'], 'big');
  model.node('Mul', ['x', 'big'], 'y');
  const before = model.output('y', 'float32', 300, 300).checked();
  expect(sketch(apply(before, foldConstants))).toEqual(sketch(before));
});
