import { expect, it } from 'vitest';
import { apply, ModelSketch, sketch, tensor } from '../../../test/support/model-sketch.js';
import { valueOf } from '../../ir/graph.js';
import { layoutNhwc } from './layout-nhwc.js';

it('a spatial operator stands between two Transposes, its weights as ONNX has them', () => {
  const model = new ModelSketch();
  model.input('x', 'float32', 1, 2, 5, 4);
  model.constant('w', tensor('float32', [3, 2, 2, 2], 1));
  model.node('Conv', ['x', 'w'], 'y');
  const before = model.output('y', 'float32', 1, 3, 4, 3).canonical();
  const named = new Map([...before.values].map(([name, value]) => [name, { ...value, source: { name } }]));
  const after = apply({ ...before, values: named }, layoutNhwc);
  expect(sketch(after)).toEqual(['x__nhwc = Transpose(x)', 'y__nhwc = Conv(x__nhwc, #)', 'y = Transpose(y__nhwc)']);
  expect(valueOf(after, 'x__nhwc')).toMatchObject({ shape: [1, 5, 4, 2], source: { name: 'x', perm: [0, 2, 3, 1] } });
  expect(valueOf(after, 'y__nhwc')).toMatchObject({ shape: [1, 4, 3, 3], source: { name: 'y', perm: [0, 2, 3, 1] } });
  expect(after.nodes[1]!.attributes.layout).toBe('NHWC');
  // A second run has nothing to do.
  expect(sketch(apply(after, layoutNhwc))).toEqual(sketch(after));
});

it('other operators keep their layout', () => {
  const model = new ModelSketch();
  model.input('x', 'float32', 1, 2, 5, 4);
  model.node('Relu', ['x'], 'y');
  const before = model.output('y', 'float32', 1, 2, 5, 4).canonical();
  expect(sketch(apply(before, layoutNhwc))).toEqual(sketch(before));
});
