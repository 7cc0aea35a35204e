import { defineOp } from './define.js';

export default defineOp({
  name: 'Shape',
  domain: '',
  opsets: [1, 13, 15, 19, 21, 23, 24],
  summary: 'a constant, since all shapes are known when the model is compiled',
  inputs: [{ name: 'data' }],
  outputs: ['shape'],
  attributes: { start: { type: 'int', default: 0 }, end: { type: 'int' } },
  quantized: 'float',
  infer(view) {
    const { shape } = view.required(0);
    return [
      { dtype: 'int64', shape: [part(shape, view.int('start'), view.has('end') ? view.int('end') : undefined).length] },
    ];
  },
  evaluate(view, [x]) {
    const dimensions = part(x!.shape, view.int('start'), view.has('end') ? view.int('end') : undefined);
    return [{ dtype: 'int64', shape: [dimensions.length], data: BigInt64Array.from(dimensions, BigInt) }];
  },
});

/** As slice(): negative indices count from the end, and what lies outside is cut off. */
function part(shape: readonly number[], start: number, end: number | undefined): readonly number[] {
  return shape.slice(start, end);
}
