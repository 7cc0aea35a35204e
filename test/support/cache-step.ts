/** One step of a cache, in the forms in which exporters write it: `row` comes in, `y` shows what attention would read. */
import type { Tensor } from '../../compiler/ir/tensor.js';
import { ModelSketch, tensor } from './model-sketch.js';

export const [HEADS, ROWS, DIM] = [2, 5, 4];

export type CacheForm =
  | 'ScatterND of a row'
  | 'ScatterND of tuples'
  | 'ScatterElements'
  | 'ScatterND between transposes'
  | 'Concat and Slice'
  | 'Concat and Slice, all of it read'
  | 'Slice and Concat';

export const STATE = ['present=past'];

/** Inputs `row`, `pos` [1] (for those that scatter) and `past`; outputs `y` and `present`. Quantized: y is read through bytes. */
export function cacheStep(form: CacheForm, quantized: boolean): ModelSketch {
  const m = new ModelSketch(17);
  const ints = (name: string, ...values: number[]) => m.constant(name, tensor('int64', [values.length], ...values));
  const reshaped = (name: string, ...shape: number[]) =>
    m.node('Reshape', [name, ints(`${name}_${shape}`, ...shape)], `${name}_as_${shape.join('_')}`);
  const state = (shape: readonly number[], row: readonly number[]) => {
    m.input('row', 'float32', ...row);
    if (form.startsWith('Scatter')) m.input('pos', 'int64', 1);
    m.input('past', 'float32', ...shape);
    m.output('present', 'float32', ...shape);
  };
  /** y is half of the cache, so that it is no other name of the state. */
  const read = (name: string, shape: readonly number[]) => {
    const [scale, zero] = [0.03, 7];
    if (quantized) m.dequantize(m.quantize(name, `${name}_q`, { scale, zero }), { scale, zero }, 'shown');
    m.constant('half', tensor('float32', [], 0.5));
    m.node('Mul', [quantized ? 'shown' : name, 'half'], 'y');
    m.output('y', 'float32', ...shape);
  };
  const last = (from: string, size: number, output: string) =>
    m.node('Slice', [from, ints('starts', 1), ints('ends', size), ints('axes', 1)], output);
  const [heads, four] = [
    [HEADS, ROWS, DIM],
    [1, HEADS, ROWS, DIM],
  ] as const;
  switch (form) {
    case 'ScatterND of a row':
      state([ROWS, DIM], [1, DIM]);
      m.node('ScatterND', ['past', reshaped('pos', 1, 1), 'row'], 'present');
      read('present', [ROWS, DIM]);
      break;
    case 'ScatterND of tuples': {
      state(heads, [HEADS, 1, DIM]);
      m.constant('heads', tensor('int64', [HEADS, 1, 1], 0, 1));
      const at = m.node('Expand', [reshaped('pos', 1, 1, 1), ints('wide', HEADS, 1, 1)], 'at');
      m.node('ScatterND', ['past', m.node('Concat', ['heads', at], 'tuples', { axis: -1 }), 'row'], 'present');
      read('present', heads);
      break;
    }
    case 'ScatterElements': {
      state(four, [1, HEADS, 1, DIM]);
      const at = m.node('Expand', [reshaped('pos', 1, 1, 1, 1), ints('wide', 1, HEADS, 1, DIM)], 'at');
      m.node('ScatterElements', ['past', at, 'row'], 'present', { axis: 2 });
      read('present', four);
      break;
    }
    case 'ScatterND between transposes': {
      state(four, [1, HEADS, 1, DIM]);
      const perm = [2, 1, 0, 3];
      const turned = [
        m.node('Transpose', ['past'], 'past_t', { perm }),
        m.node('Transpose', ['row'], 'row_t', { perm }),
      ];
      const written = m.node('ScatterND', [turned[0]!, reshaped('pos', 1, 1), turned[1]!], 'written');
      m.node('Transpose', [written], 'present', { perm });
      read('present', four);
      break;
    }
    case 'Concat and Slice':
    case 'Concat and Slice, all of it read': {
      state(heads, [HEADS, 1, DIM]);
      const whole = m.node('Concat', ['past', 'row'], 'whole', { axis: 1 });
      last(whole, ROWS + 1, 'present');
      if (form === 'Concat and Slice') read('present', heads);
      else read(whole, [HEADS, ROWS + 1, DIM]);
      break;
    }
    case 'Slice and Concat':
      state(heads, [HEADS, 1, DIM]);
      m.node('Concat', [last('past', ROWS, 'kept'), 'row'], 'present', { axis: 1 });
      read('present', heads);
  }
  return m;
}

/** A step for each position, with rows from -5 to 5 that depend on the step. */
export function cacheInputs(form: CacheForm, positions: readonly number[]): ReadonlyMap<string, Tensor>[] {
  const [input] = cacheStep(form, false).checked().inputs;
  const { shape } = cacheStep(form, false).checked().values.get(input!)!;
  let seed = 7;
  const next = () => {
    seed = (seed * 48271) % 2147483647;
    return 10 * (seed / 2147483647) - 5;
  };
  const count = shape.reduce((a, b) => a * b, 1);
  return positions.map((position) => {
    const row: Tensor = { dtype: 'float32', shape, data: Float32Array.from({ length: count }, next) };
    const pos: Tensor = { dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(position)) };
    return new Map([['row', row], ...(form.startsWith('Scatter') ? [['pos', pos] as const] : [])]);
  });
}
