import { describe, expect, it } from 'vitest';
import { apply, ModelSketch, type Parameters, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import type { Graph } from '../../ir/graph.js';
import { composeTables } from './compose-tables.js';
import { foldClamp } from './fold-clamp.js';
import { liftQdq } from './lift-qdq.js';
import { removeNoOps } from './remove-no-ops.js';

const X = { scale: 0.05, zero: -3 };
const M = { scale: 0.008, zero: -128 };
const Y = { scale: 0.04, zero: 10 };
const SHAPE = [1, 4, 80];

/** Operators between DequantizeLinear and QuantizeLinear, on x and what they make of it. */
class Bytes {
  readonly model = new ModelSketch();

  constructor(...inputs: string[]) {
    for (const name of inputs) {
      this.model.input(name, 'int8', ...SHAPE);
      this.model.dequantize(name, X);
    }
  }

  /** The quantized result of an operator, and its DequantizeLinear for the next. */
  step(op: string, inputs: readonly string[], output: string, parameters: Parameters): this {
    this.model.node(op, inputs, `${output}_real`);
    this.model.quantize(`${output}_real`, output, parameters);
    this.model.dequantize(output, parameters);
    return this;
  }

  constant(name: string, value: number, parameters: Parameters): this {
    this.model.constant(name, tensor('int8', [1, 1, 1], value));
    this.model.dequantize(name, parameters);
    return this;
  }

  lifted(...outputs: string[]): Graph {
    for (const name of outputs) this.model.output(name, 'int8', ...SHAPE);
    return apply(this.model.canonical(), liftQdq, removeNoOps);
  }
}

function composed(before: Graph): string[] {
  const after = apply(before, composeTables);
  expect(results(after)).toEqual(results(before));
  return sketch(after);
}

describe('what is a function of one byte becomes one table', () => {
  it('SiLU as exporters write it: x * Sigmoid(x)', () => {
    const before = new Bytes('x').step('Sigmoid', ['x_f'], 's', M).step('Mul', ['x_f', 's_f'], 'y', Y).lifted('y');
    expect(sketch(before)).toEqual(['s = Sigmoid(x)', 'y = Mul(x, s)']);
    expect(composed(before)).toEqual(['y = Table(x)']);
  });

  it('HardSwish spelled out, each operator quantized', () => {
    const before = new Bytes('x')
      .constant('three', 60, { scale: 0.05, zero: 0 })
      .constant('sixth', 127, { scale: 1 / 762, zero: 0 })
      .step('Add', ['x_f', 'three_f'], 'a', { scale: 0.04, zero: -50 })
      .step('Relu', ['a_f'], 'r', { scale: 0.03, zero: -128 })
      .step('Mul', ['r_f', 'x_f'], 'p', { scale: 0.1, zero: 0 })
      .step('Mul', ['p_f', 'sixth_f'], 'y', Y)
      .lifted('y');
    expect(sketch(before)).toHaveLength(4);
    expect(composed(before)).toEqual(['y = Table(x)']);
  });

  it('one behind the other', () => {
    const before = new Bytes('x').step('HardSwish', ['x_f'], 'h', Y).step('Tanh', ['h_f'], 'y', M).lifted('y');
    expect(composed(before)).toEqual(['y = Table(x)']);
  });

  it('a byte and a constant, either way round', () => {
    const before = new Bytes('x').constant('c', -7, X).step('Sub', ['c_f', 'x_f'], 'y', Y).lifted('y');
    expect(composed(before)).toEqual(['y = Table(x)']);
  });

  it('from the nearest byte that both come from, which stays where something else reads it', () => {
    const before = new Bytes('x')
      .step('Tanh', ['x_f'], 't', M)
      .step('Sigmoid', ['t_f'], 's', M)
      .step('Mul', ['t_f', 's_f'], 'y', Y)
      .lifted('y', 't');
    expect(composed(before)).toEqual(['t = Tanh(x)', 'y = Table(t)']);
  });
});

describe('it does not fire', () => {
  const stays = (graph: Graph) => expect(composed(graph)).toEqual(sketch(graph));

  it('for two bytes', () => {
    stays(new Bytes('a', 'b').step('Sigmoid', ['b_f'], 's', M).step('Mul', ['a_f', 's_f'], 'y', Y).lifted('y'));
  });

  it('behind a table that something else reads: two passes either way, and the first input would live longer', () => {
    stays(
      new Bytes('x')
        .step('Tanh', ['x_f'], 't', M)
        .step('Sigmoid', ['t_f'], 's', M)
        .step('HardSigmoid', ['t_f'], 'h', M)
        .lifted('s', 'h'),
    );
  });

  it('for a constant with several elements', () => {
    const bytes = new Bytes('x');
    bytes.model.constant('c', tensor('int8', [80], 1, 2, 3));
    bytes.model.dequantize('c', X);
    stays(bytes.step('Add', ['x_f', 'c_f'], 'y', Y).lifted('y'));
  });
});

it('a table that only clamps is a clamp of the operator before it', () => {
  const before = new Bytes('a', 'b')
    .step('Add', ['a_f', 'b_f'], 's', Y)
    .step('Relu', ['s_f'], 'r', Y)
    .step('Relu', ['r_f'], 'y', Y)
    .lifted('y');
  const after = apply(before, composeTables, foldClamp);
  expect(sketch(after)).toEqual(['y = Add(a, b)']);
  expect(after.nodes[0]!.attributes.clamp).toEqual([10, 127]);
  expect(results(after)).toEqual(results(before));
});
