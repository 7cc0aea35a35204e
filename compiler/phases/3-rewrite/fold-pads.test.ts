import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import { foldPads } from './fold-pads.js';
import { liftQdq } from './lift-qdq.js';
import { slideQuantization } from './slide-quantization.js';

/** x float32 [1,2,4,5], padded, then the operator. */
function padded(pads: number[], op: string, attributes: Record<string, number[] | number>, value?: number) {
  const model = new ModelSketch();
  model.input('x', 'float32', 1, 2, 4, 5);
  model.constant('pads', tensor('int64', [8], ...pads));
  const given = value === undefined ? [] : [model.constant('value', tensor('float32', [], value))];
  model.node('Pad', ['x', 'pads', ...given], 'p');
  const weights = op === 'Conv' ? [model.constant('w', tensor('float32', [3, 2, 2, 2], 0.5, -1, 2, 0.25, 1))] : [];
  model.node(op, ['p', ...weights], 'y', attributes);
  return model.output('y', 'float32').canonical();
}

const WINDOW = { kernel_shape: [2, 2] };
const PADS = [0, 0, 1, 0, 0, 0, 2, 3];

describe('a Pad with zeros becomes padding', () => {
  it('of a Conv, on top of its own', () => {
    const before = padded(PADS, 'Conv', { ...WINDOW, pads: [0, 1, 1, 0] });
    const after = apply(before, foldPads);
    expect(sketch(after)).toEqual(['y = Conv(x, #)']);
    expect(after.nodes[0]!.attributes.pads).toEqual([1, 1, 3, 3]);
    expect(results(after)).toEqual(results(before));
  });

  it('of an AveragePool, where the zeros count', () => {
    const before = padded(PADS, 'AveragePool', WINDOW);
    const after = apply(before, foldPads);
    expect(sketch(after)).toEqual(['y = AveragePool(x)']);
    expect(after.nodes[0]!.attributes).toMatchObject({ pads: [1, 0, 2, 3], count_include_pad: 1 });
    expect(results(after)).toEqual(results(before));
  });

  it('at the zero point of a quantized tensor', () => {
    const graph = (value: number) => {
      const model = new ModelSketch();
      model.input('x', 'int8', 1, 2, 3, 3);
      model.dequantize('x', { scale: 0.5, zero: 9 });
      model.constant('pads', tensor('int64', [8], ...PADS));
      model.constant('value', tensor('float32', [], value));
      model.node('Pad', ['x_f', 'pads', 'value'], 'p');
      model.node('AveragePool', ['p'], 'a', WINDOW);
      model.quantize('a', 'y', { scale: 0.5, zero: 4 });
      return apply(model.output('y', 'int8').canonical(), slideQuantization, liftQdq);
    };
    const after = apply(graph(0), foldPads);
    expect(sketch(graph(0))).toHaveLength(2);
    expect(sketch(after)).toEqual(['y = AveragePool(x)']);
    expect(results(after)).toEqual(results(graph(0)));
    // The real value -4.5 is the byte 0, which is not zero here.
    expect(sketch(apply(graph(-4.5), foldPads))).toEqual(sketch(graph(-4.5)));
  });
});

describe('it does not fire', () => {
  it.each([
    ['for another value', padded(PADS, 'Conv', WINDOW, 1)],
    ['for channels', padded([0, 1, 0, 0, 0, 0, 0, 0], 'AveragePool', WINDOW)],
    [
      'for a pool with padding of its own that does not count',
      padded(PADS, 'AveragePool', { ...WINDOW, pads: [0, 1, 0, 0] }),
    ],
    ['for MaxPool', padded(PADS, 'MaxPool', WINDOW)],
  ])('%s', (_, before) => {
    expect(sketch(apply(before, foldPads))).toEqual(sketch(before));
  });
});
