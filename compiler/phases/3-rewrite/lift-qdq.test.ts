import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, sketch, tensor } from '../../../test/support/model-sketch.js';
import { valueOf } from '../../ir/graph.js';
import { liftQdq } from './lift-qdq.js';

const X = { scale: 0.05, zero: -3 };
const Y = { scale: 0.04, zero: 10 };

/** A model of int8 inputs a and b [1,2,3,3] with what `build` makes of their floats; the result s is quantized to y. */
function island(build: (model: ModelSketch) => void, extra: (model: ModelSketch) => void = () => {}) {
  const model = new ModelSketch();
  for (const name of ['a', 'b']) model.dequantize(model.input(name, 'int8', 1, 2, 3, 3), X);
  build(model);
  model.quantize('s', 'y', Y);
  extra(model);
  return apply(model.output('y', 'int8').canonical(), liftQdq);
}

describe('an operator between DequantizeLinear and QuantizeLinear runs on bytes', () => {
  it.each([
    ['Add', (m: ModelSketch) => void m.node('Add', ['a_f', 'b_f'], 's'), ['y = Add(a, b)']],
    ['Mul by itself', (m: ModelSketch) => void m.node('Mul', ['a_f', 'a_f'], 's'), ['y = Mul(a, a)']],
    ['a table', (m: ModelSketch) => void m.node('Sigmoid', ['a_f'], 's'), ['y = Sigmoid(a)']],
    [
      'a pool',
      (m: ModelSketch) => void m.node('AveragePool', ['a_f'], 's', { kernel_shape: [2, 2] }),
      ['y = AveragePool(a)'],
    ],
    ['a product of two', (m: ModelSketch) => void m.node('MatMul', ['a_f', 'b_f'], 's'), ['y = MatMul(a, b)']],
  ])('%s', (_, build, wanted) => {
    expect(sketch(island(build))).toEqual(wanted);
  });

  it('Concat: inputs of another scale are requantized first', () => {
    const model = new ModelSketch();
    model.dequantize(model.input('a', 'int8', 1, 2), X);
    model.dequantize(model.input('b', 'int8', 1, 2), Y);
    model.node('Concat', ['a_f', 'b_f'], 's', { axis: 1 });
    model.quantize('s', 'y', Y);
    const after = apply(model.output('y', 'int8', 1, 4).canonical(), liftQdq);
    expect(sketch(after)).toEqual(['a_requantized = Requantize(a)', 'y = Concat(a_requantized, b)']);
    expect(valueOf(after, 'a_requantized').quantization).toEqual(valueOf(after, 'y').quantization);
  });

  it('two QuantizeLinear of equal parameters are one', () => {
    const after = island(
      (m) => void m.node('Add', ['a_f', 'b_f'], 's'),
      (m) => {
        m.quantize('s', 'z', Y);
        m.output('z', 'int8');
      },
    );
    expect(sketch(after).sort()).toEqual(['y = Add(a, b)', 'z = Reshape(y)']);
  });
});

describe('Q(DQ(x))', () => {
  it.each([
    ['of equal parameters is a copy', X, 'y = Reshape(x)'],
    ['of others is one Requantize', Y, 'y = Requantize(x)'],
  ])('%s', (_, parameters, wanted) => {
    const model = new ModelSketch();
    model.dequantize(model.input('x', 'int8', 1, 2), X);
    model.quantize('x_f', 'y', parameters);
    expect(sketch(apply(model.output('y', 'int8', 1, 2).canonical(), liftQdq))).toEqual([wanted]);
  });
});

describe('what stays in float', () => {
  it('an operator whose result is read as float too', () => {
    const after = island(
      (m) => void m.node('Add', ['a_f', 'b_f'], 's'),
      (m) => void m.output('s', 'float32'),
    );
    expect(sketch(after)).toContain('s = Add(a_f, b_f)');
  });

  it('an operator whose result is quantized in two ways', () => {
    const after = island(
      (m) => void m.node('Add', ['a_f', 'b_f'], 's'),
      (m) => {
        m.quantize('s', 'z', X);
        m.output('z', 'int8');
      },
    );
    expect(sketch(after)).toContain('s = Add(a_f, b_f)');
  });

  it('an operator with an input that was never bytes', () => {
    const after = island((m) => {
      m.input('c', 'float32', 1, 2, 3, 3);
      m.node('Add', ['a_f', 'c'], 's');
    });
    expect(sketch(after)).toContain('s = Add(a_f, c)');
  });

  it('a product with weights per row', () => {
    const model = new ModelSketch();
    model.dequantize(model.input('x', 'int8', 1, 2), X);
    model.constant('w', tensor('int8', [2, 3], 1, 2, 3));
    model.constant('w.scale', tensor('float32', [2], 0.1, 0.2));
    model.node('DequantizeLinear', ['w', 'w.scale'], 'w_f', { axis: 0 });
    model.node('MatMul', ['x_f', 'w_f'], 's');
    model.quantize('s', 'y', Y);
    const after = apply(model.output('y', 'int8', 1, 3).canonical(), liftQdq);
    expect(sketch(after)).toContain('s = MatMul(x_f, w_f)');
  });
});
