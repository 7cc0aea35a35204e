import { expect, it } from 'vitest';
import { apply, ModelSketch, tensor } from '../../../test/support/model-sketch.js';
import { valueOf } from '../../ir/graph.js';
import { propagateQuantization } from './propagate-quantization.js';

const X = { scale: 0.0625, zero: -3 };

it('moved bytes keep their meaning, in both directions', () => {
  const model = new ModelSketch();
  model.input('x', 'int8', 2, 3);
  model.node('Transpose', ['x'], 't', { perm: [1, 0] });
  model.constant('shape', tensor('int64', [1], 6));
  model.node('Reshape', ['t', 'shape'], 'r');
  model.dequantize('r', X);
  model.output('t', 'int8', 3, 2);
  const after = apply(model.output('r_f', 'float32', 6).canonical(), propagateQuantization);
  for (const name of ['x', 't', 'r']) {
    expect(valueOf(after, name).quantization).toEqual({ scale: [0.0625], zeroPoint: [-3] });
  }
});

it('a value that has a scale keeps it', () => {
  const model = new ModelSketch();
  model.input('x', 'int8', 2, 3);
  model.node('Transpose', ['x'], 'y', { perm: [1, 0] });
  model.dequantize('x', X);
  model.dequantize('y', { scale: 0.5, zero: 1 });
  model.output('x_f', 'float32', 2, 3);
  const after = apply(model.output('y_f', 'float32', 3, 2).canonical(), propagateQuantization);
  expect(valueOf(after, 'x').quantization!.scale).toEqual([0.0625]);
  expect(valueOf(after, 'y').quantization!.scale).toEqual([0.5]);
});

it('never takes the scale of another type', () => {
  const model = new ModelSketch();
  model.input('x', 'uint8', 1, 3);
  model.node('Cast', ['x'], 'y', { to: 3 });
  model.dequantize('y', X);
  const after = apply(model.output('y_f', 'float32', 1, 3).canonical(), propagateQuantization);
  expect(valueOf(after, 'x').quantization).toBeUndefined();
});

it('bytes that never meet a scale are numbers where a MaxPool needs a zero point', () => {
  const model = new ModelSketch();
  model.input('x', 'uint8', 1, 2, 3, 3);
  model.node('MaxPool', ['x'], 'p', { kernel_shape: [2, 2] });
  model.node('Transpose', ['p'], 'y', { perm: [0, 2, 3, 1] });
  const after = apply(model.output('y', 'uint8').canonical(), propagateQuantization);
  for (const name of ['x', 'p', 'y']) {
    expect(valueOf(after, name).quantization).toEqual({ scale: [1], zeroPoint: [0] });
  }
});
