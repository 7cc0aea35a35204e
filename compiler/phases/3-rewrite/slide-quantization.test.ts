import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import { slideQuantization } from './slide-quantization.js';

const X = { scale: 0.05, zero: -3 };
const Y = { scale: 0.04, zero: 10 };

function moved(build: (model: ModelSketch) => string, from: 'bytes' | 'float', to: 'bytes' | 'float') {
  const model = new ModelSketch();
  model.input('x', from === 'bytes' ? 'int8' : 'float32', 2, 3, 4, 4);
  const start = from === 'bytes' ? model.dequantize('x', X, 's') : model.node('Exp', ['x'], 's');
  expect(start).toBe('s');
  const end = build(model);
  if (to === 'bytes') model.quantize(end, 'y', Y);
  else model.node('Neg', [end], 'y');
  return model.output('y', to === 'bytes' ? 'int8' : 'float32').canonical();
}

const transpose = (m: ModelSketch) => m.node('Transpose', ['s'], 't', { perm: [0, 2, 1, 3] });
const pool = (m: ModelSketch) => m.node('MaxPool', ['s'], 't', { kernel_shape: [2, 2], pads: [1, 0, 0, 1] });

function pad(value: number) {
  return (m: ModelSketch) => {
    m.constant('pads', tensor('int64', [8], 0, 0, 1, 0, 0, 0, 0, 1));
    m.constant('value', tensor('float32', [], value));
    return m.node('Pad', ['s', 'pads', 'value'], 't');
  };
}

describe('DequantizeLinear sinks below movement', () => {
  it.each([
    ['Transpose', transpose],
    ['MaxPool', pool],
    ['Pad with a value that bytes can say', pad(0)],
  ])('%s', (_, build) => {
    const before = moved(build, 'bytes', 'float');
    const after = apply(before, slideQuantization);
    expect(sketch(after).slice(1)).toEqual(['t = DequantizeLinear(t_quantized)', 'y = Neg(t)']);
    expect(results(after)).toEqual(results(before));
  });
});

describe('QuantizeLinear rises above movement and activations', () => {
  it.each([
    ['Transpose', transpose],
    ['MaxPool', pool],
    ['Pad with any value, for it is rounded anyway', pad(0.33)],
    ['Relu', (m: ModelSketch) => m.node('Relu', ['s'], 't')],
    [
      'Clip',
      (m: ModelSketch) =>
        m.node(
          'Clip',
          ['s', m.constant('low', tensor('float32', [], 0.333)), m.constant('high', tensor('float32', [], 2))],
          't',
        ),
    ],
  ])('%s', (_, build) => {
    const before = moved(build, 'float', 'bytes');
    const after = apply(before, slideQuantization);
    expect(sketch(after)[1]).toBe('s_quantized = QuantizeLinear(s)');
    expect(sketch(after)[2]).toMatch(/^y = \w+\(s_quantized/);
    expect(results(after)).toEqual(results(before));
  });
});

describe('it does not fire', () => {
  it('for a Pad with a value that bytes cannot say', () => {
    const before = moved(pad(0.33), 'bytes', 'float');
    expect(sketch(apply(before, slideQuantization))).toEqual(sketch(before));
  });

  it('where something else reads the float', () => {
    const model = new ModelSketch();
    model.node('Exp', [model.input('x', 'float32', 2, 2)], 's');
    model.node('Transpose', ['s'], 't', { perm: [1, 0] });
    model.quantize('t', 'y', Y);
    model.output('t', 'float32', 2, 2);
    const before = model.output('y', 'int8', 2, 2).canonical();
    expect(sketch(apply(before, slideQuantization))).toEqual(sketch(before));
  });

  it('for a constant: weights stay dequantized until lifting', () => {
    const model = new ModelSketch();
    model.input('x', 'float32', 1, 2);
    model.constant('w', tensor('int8', [3, 2], 1, 2, 3));
    model.dequantize('w', X);
    model.node('Transpose', ['w_f'], 't', { perm: [1, 0] });
    model.node('MatMul', ['x', 't'], 'y');
    const before = model.output('y', 'float32', 1, 3).canonical();
    expect(sketch(apply(before, slideQuantization))).toEqual(sketch(before));
  });
});

it('ArgMax reads the bytes', () => {
  const model = new ModelSketch();
  model.dequantize(model.input('x', 'int8', 2, 5), X);
  model.node('ArgMax', ['x_f'], 'y', { axis: 1 });
  const before = model.output('y', 'int64', 2, 1).canonical();
  const after = apply(before, slideQuantization);
  expect(sketch(after)).toEqual(['y = ArgMax(x)']);
  expect(results(after)).toEqual(results(before));
});
