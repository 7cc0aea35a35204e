import { expect, it } from 'vitest';
import { target as host } from '../../targets/host/target.js';
import { ModelSketch, tensor } from '../../test/support/model-sketch.js';
import { Diagnostics } from '../diagnostics/diagnostic.js';
import type { Graph } from '../ir/graph.js';
import type { Law } from '../numerics/law.js';
import { canonicalise, optimise } from '../phases/3-rewrite/index.js';
import { lower } from '../phases/4-lower/index.js';
import { evaluateGraph } from './evaluate.js';
import { withLaws, withoutLaws } from './laws.js';

/** One weight of 1 and a scale of 1/2 or 1/4: every sum with a fraction of a half is a tie, which each law rounds its own way. */
function model(weightScale: number) {
  const sketch = new ModelSketch();
  sketch.dequantize(sketch.input('x', 'int8', 1, 1, 1, 8), { scale: 1, zero: 0 });
  sketch.constant('w', tensor('int8', [1, 1, 1, 1], 1));
  sketch.node('Conv', ['x_f', sketch.dequantize('w', { scale: weightScale, zero: 0 })], 's');
  sketch.quantize('s', 'y', { scale: 1, zero: 0 });
  sketch.output('y', 'int8');
  const diagnostics = new Diagnostics();
  const reference = canonicalise(sketch.checked(), diagnostics);
  const program = lower(optimise(reference, host, diagnostics), host, { target: 'host' }, diagnostics);
  return { reference, program };
}

function outputOf(reference: Graph, ...x: readonly number[]): number[] {
  const input = { dtype: 'int8', shape: [1, 1, 1, 8], data: Int8Array.from(x) } as const;
  return [...(evaluateGraph(reference, new Map([['x', input]])).get('y')!.data as Int8Array)];
}

const under = ({ reference, program }: ReturnType<typeof model>, law: Law) =>
  withLaws(reference, { ...program, calls: program.calls.map((call) => ({ ...call, law })) });

it('ties: ONNX rounds them to even, one rounding up, two roundings away from zero', () => {
  const half = model(0.5);
  const x = [-5, -3, -1, 0, 1, 3, 5, 7] as const;
  expect(outputOf(half.reference, ...x)).toEqual([-2, -2, 0, 0, 0, 2, 2, 4]);
  expect(outputOf(under(half, 'tflite-single'), ...x)).toEqual([-2, -1, 0, 0, 1, 2, 3, 4]);
  // 2^30 * 2^-31 is the scale: the product is rounded up, and no shift follows.
  expect(outputOf(under(half, 'tflite-double'), ...x)).toEqual([-2, -1, 0, 0, 1, 2, 3, 4]);
  const quarter = model(0.25);
  expect(outputOf(under(quarter, 'tflite-double'), -6, -3, -2, 1, 2, 3, 5, 6)).toEqual([-2, -1, -1, 1, 1, 1, 2, 2]);
  expect(outputOf(under(quarter, 'tflite-single'), -6, -3, -2, 1, 2, 3, 5, 6)).toEqual([-1, -1, 0, 0, 1, 1, 1, 2]);
});

it('without calls of the kind the graph is the same; withoutLaws takes them away again', () => {
  const half = model(0.5);
  expect(withLaws(half.reference, half.program)).toBe(half.reference);
  expect(withoutLaws(under(half, 'tflite-double'))).toEqual(half.reference);
});
