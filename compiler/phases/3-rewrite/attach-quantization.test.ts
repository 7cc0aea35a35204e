import { expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import { valueOf } from '../../ir/graph.js';
import { attachQuantization } from './attach-quantization.js';

it('scale and zero point move to the integer value', () => {
  const model = new ModelSketch();
  model.input('x', 'int8', 1, 4);
  model.dequantize('x', { scale: 0.5, zero: -7 });
  model.quantize('x_f', 'y', { scale: 0.25, zero: 3 });
  const before = model.output('y', 'int8', 1, 4).checked();
  const after = apply(before, attachQuantization);
  expect(sketch(after)).toEqual(['x_f = DequantizeLinear(x)', 'y = QuantizeLinear(x_f)']);
  expect(valueOf(after, 'x').quantization).toEqual({ scale: [0.5], zeroPoint: [-7] });
  expect(valueOf(after, 'y').quantization).toEqual({ scale: [0.25], zeroPoint: [3] });
  expect(results(after)).toEqual(results(before));
});

it('a reader with other parameters gets an alias of its own', () => {
  const model = new ModelSketch();
  model.input('x', 'int8', 1, 4);
  model.dequantize('x', { scale: 0.5, zero: -7 }, 'a');
  model.dequantize('x', { scale: 0.25, zero: 1 }, 'b');
  model.node('Add', ['a', 'b'], 'y');
  const before = model.output('y', 'float32', 1, 4).checked();
  const after = apply(before, attachQuantization);
  expect(sketch(after)).toContain('x__as = Reshape(x)');
  expect(valueOf(after, 'x__as').quantization).toEqual({ scale: [0.25], zeroPoint: [1] });
  expect(results(after)).toEqual(results(before));
});

it('a negative axis of per-channel weights counts from the end', () => {
  const model = new ModelSketch();
  model.input('x', 'float32', 1, 2);
  model.constant('w', tensor('int8', [2, 3], 1, 2, 3, 4, 5, 6));
  model.constant('w.scale', tensor('float32', [3], 0.1, 0.2, 0.3));
  model.node('DequantizeLinear', ['w', 'w.scale'], 'w_f', { axis: -1 });
  model.node('MatMul', ['x', 'w_f'], 'y');
  const after = apply(model.output('y', 'float32', 1, 3).checked(), attachQuantization);
  expect(valueOf(after, 'w').quantization).toMatchObject({ axis: 1, zeroPoint: [0, 0, 0] });
});
