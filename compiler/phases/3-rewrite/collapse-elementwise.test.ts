import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import { collapseElementwise } from './collapse-elementwise.js';

const X = { scale: 0.05, zero: -3 };
const Y = { scale: 0.04, zero: 10 };

describe('a function of one byte becomes a table', () => {
  it('HardSwish spelled out', () => {
    const model = new ModelSketch();
    model.input('x', 'int8', 1, 200);
    model.dequantize('x', X);
    model.constant('three', tensor('float32', [], 3));
    model.constant('zero', tensor('float32', [], 0));
    model.constant('six', tensor('float32', [], 6));
    model.node('Add', ['x_f', 'three'], 'shifted');
    model.node('Clip', ['shifted', 'zero', 'six'], 'clipped');
    model.node('Mul', ['x_f', 'clipped'], 'product');
    model.node('Div', ['product', 'six'], 'quotient');
    model.quantize('quotient', 'y', Y);
    const before = model.output('y', 'int8', 1, 200).canonical();
    const after = apply(before, collapseElementwise);
    expect(sketch(after)).toEqual(['y = Table(x)']);
    expect(results(after)).toEqual(results(before));
  });

  it('of uint8 input: the table is indexed by the byte', () => {
    const model = new ModelSketch();
    model.input('x', 'uint8', 1, 200);
    model.dequantize('x', { scale: 0.05, zero: 130, dtype: 'uint8' });
    model.node('Sigmoid', ['x_f'], 's');
    model.node('Mul', ['x_f', 's'], 'm');
    model.quantize('m', 'y', { scale: 0.04, zero: 20, dtype: 'uint8' });
    const before = model.output('y', 'uint8', 1, 200).canonical();
    const after = apply(before, collapseElementwise);
    expect(sketch(after)).toEqual(['y = Table(x)']);
    expect(results(after)).toEqual(results(before));
  });
});

describe('it does not fire', () => {
  it('for a function of two tensors', () => {
    const model = new ModelSketch();
    model.input('a', 'int8', 1, 4);
    model.input('b', 'int8', 1, 4);
    model.dequantize('a', X);
    model.dequantize('b', X);
    model.node('Add', ['a_f', 'b_f'], 's');
    model.node('Sigmoid', ['s'], 't');
    model.quantize('t', 'y', Y);
    const before = model.output('y', 'int8', 1, 4).canonical();
    expect(sketch(apply(before, collapseElementwise))).toEqual(sketch(before));
  });

  it('where a constant has an element for each element of the tensor', () => {
    const model = new ModelSketch();
    model.input('x', 'int8', 1, 4);
    model.dequantize('x', X);
    model.constant('offsets', tensor('float32', [1, 4], 1, 2, 3, 4));
    model.node('Add', ['x_f', 'offsets'], 's');
    model.quantize('s', 'y', Y);
    const before = model.output('y', 'int8', 1, 4).canonical();
    expect(sketch(apply(before, collapseElementwise))).toEqual(sketch(before));
  });

  it('where the shape changes on the way', () => {
    const model = new ModelSketch();
    model.input('x', 'int8', 1, 4);
    model.dequantize('x', X);
    model.constant('axes', tensor('int64', [1], 1));
    model.node('ReduceMean', ['x_f'], 'mean', { axes: [1] });
    model.node('Sub', ['x_f', 'mean'], 's');
    model.quantize('s', 'y', Y);
    const before = model.output('y', 'int8', 1, 4).canonical();
    expect(sketch(apply(before, collapseElementwise))).toEqual(sketch(before));
  });
});
