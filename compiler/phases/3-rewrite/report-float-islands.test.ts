import { expect, it } from 'vitest';
import { applyWith, ModelSketch } from '../../../test/support/model-sketch.js';
import { Diagnostics } from '../../diagnostics/diagnostic.js';
import { liftQdq } from './lift-qdq.js';
import { reportFloatIslands } from './report-float-islands.js';

const X = { scale: 0.05, zero: -3 };

function warnings(build: (model: ModelSketch) => void): string[] {
  const model = new ModelSketch();
  build(model);
  const diagnostics = new Diagnostics();
  applyWith(diagnostics, model.canonical(), liftQdq, reportFloatIslands);
  return diagnostics.list.filter(({ code }) => code === 'NC0301').map(({ node, because }) => `${node}: ${because}`);
}

it('names each float operator of a quantized model, with the reason', () => {
  const found = warnings((model) => {
    model.dequantize(model.input('x', 'int8', 1, 4), X);
    model.node('Add', ['x_f', model.input('c', 'float32', 1, 4)], 's');
    model.quantize('s', 'y', X);
    model.output('y', 'int8', 1, 4);
  });
  expect(found).toHaveLength(1);
  expect(found[0]).toContain('"Add:s" (Add)');
  expect(found[0]).toContain('input 1 "c"');
});

it('is silent where all is lifted, and in a float model', () => {
  expect(
    warnings((model) => {
      model.dequantize(model.input('x', 'int8', 1, 4), X);
      model.node('Sigmoid', ['x_f'], 's');
      model.quantize('s', 'y', X);
      model.output('y', 'int8', 1, 4);
    }),
  ).toEqual([]);
  expect(
    warnings((model) => {
      model.node('Sigmoid', [model.input('x', 'float32', 1, 4)], 'y');
      model.output('y', 'float32', 1, 4);
    }),
  ).toEqual([]);
});
