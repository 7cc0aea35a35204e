import { describe, expect, it } from 'vitest';
import { applyWith, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import { Diagnostics } from '../../diagnostics/diagnostic.js';
import { valueOf } from '../../ir/graph.js';
import type { Tensor } from '../../ir/tensor.js';
import { fuseBias } from './fuse-bias.js';
import { liftQdq } from './lift-qdq.js';

/** x [1,3] at 0.5 times w [3,2] at 0.25 and 0.125: products at 0.125 and 0.0625. */
function product(bias: (model: ModelSketch) => string) {
  const model = new ModelSketch();
  model.input('x', 'int8', 1, 3);
  model.dequantize('x', { scale: 0.5, zero: 2 });
  model.constant('w', tensor('int8', [3, 2], 1, -2, 30, 4, 5, -60));
  model.constant('w.scale', tensor('float32', [2], 0.25, 0.125));
  model.node('DequantizeLinear', ['w', 'w.scale'], 'w_f', { axis: 1 });
  model.node('Gemm', ['x_f', 'w_f', bias(model)], 's');
  model.quantize('s', 'y', { scale: 2, zero: -5 });
  const diagnostics = new Diagnostics();
  const graph = applyWith(diagnostics, model.output('y', 'int8', 1, 2).canonical(), fuseBias, liftQdq);
  return { graph, codes: diagnostics.list.map(({ code }) => code) };
}

function dequantized(integers: Tensor, scales: readonly number[]) {
  return (model: ModelSketch) => {
    model.constant('b', integers);
    model.constant('b.scale', tensor('float32', [scales.length], ...scales));
    return model.node('DequantizeLinear', ['b', 'b.scale'], 'b_f', { axis: 0 });
  };
}

const biasOf = ({ graph }: ReturnType<typeof product>) =>
  Array.from(valueOf(graph, graph.nodes[0]!.inputs[2]!).constant!.data, Number);

describe('the bias is int32 at the scale of the products', () => {
  it('as it stands where it has that scale', () => {
    const made = product(dequantized(tensor('int32', [2], 100, -7), [0.125, 0.0625]));
    expect(sketch(made.graph)).toEqual(['y = MatMul(x, #, #)']);
    expect(biasOf(made)).toEqual([100, -7]);
    expect(made.codes).toEqual([]);
  });

  it('as it stands where the scale differs by the rounding of float32 alone', () => {
    const near = [0.125 * (1 + 2 ** -22), 0.0625 * (1 - 2 ** -22)];
    expect(biasOf(product(dequantized(tensor('int32', [2], 123456, -7), near)))).toEqual([123456, -7]);
  });

  it('rounded from another scale, half to even, with a note', () => {
    const made = product(dequantized(tensor('int32', [2], 5, 3), [0.0625, 0.0625]));
    expect(biasOf(made)).toEqual([2, 3]);
    expect(made.codes).toEqual(['NC0310']);
  });

  it('rounded from floats', () => {
    const made = product((model) => model.constant('b', tensor('float32', [2], 1.24, -0.7)));
    expect(biasOf(made)).toEqual([10, -11]);
    expect(made.codes).toEqual(['NC0310']);
    expect(results(made.graph)[0]).toHaveLength(2);
  });
});

it('a bias that does not fit int32 leaves the operator in float', () => {
  const { graph } = product((model) => model.constant('b', tensor('float32', [2], 1e12, 0)));
  expect(sketch(graph)).toContain('s = MatMul(x_f, w_f, #)');
});
