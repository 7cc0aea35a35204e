import { describe, expect, it } from 'vitest';
import { apply, inputsFor, ModelSketch, results, sketch, tensor } from '../../../test/support/model-sketch.js';
import { type Graph, valueOf } from '../../ir/graph.js';
import { bytesOf } from '../../ir/tensor.js';
import { evaluateGraph } from '../../reference/evaluate.js';
import { applySource } from '../../reference/source.js';
import { collapseElementwise } from './collapse-elementwise.js';
import { foldClamp } from './fold-clamp.js';
import { withOwnSources } from './index.js';
import { liftQdq } from './lift-qdq.js';
import { signedActivations } from './signed-activations.js';
import { slideQuantization } from './slide-quantization.js';

const X = { scale: 0.05, zero: 130, dtype: 'uint8' } as const;
const Y = { scale: 0.04, zero: 7, dtype: 'uint8' } as const;

function lifted(build: (model: ModelSketch) => void): Graph {
  const model = new ModelSketch();
  model.dequantize(model.input('x', 'uint8', 1, 2, 4, 4), X);
  build(model);
  model.quantize('s', 'y', Y);
  const canonical = model.output('y', 'uint8').canonical();
  return apply(canonical, slideQuantization, liftQdq, collapseElementwise, foldClamp);
}

/** Every value on int8 holds the bytes that its source says. */
function expectSources(before: Graph, after: Graph): void {
  for (const inputs of inputsFor(before)) {
    const reference = evaluateGraph(before, inputs);
    const signed = evaluateGraph(after, inputs);
    for (const value of after.values.values()) {
      const onnx = value.source === undefined ? undefined : reference.get(value.source.name);
      if (onnx === undefined) continue;
      expect(bytesOf(signed.get(value.name)!.data), value.name).toEqual(bytesOf(applySource(value, onnx).data));
    }
  }
}

describe('uint8 becomes int8, 128 lower', () => {
  it.each([
    ['a clamped sum', (m: ModelSketch) => void m.node('Relu', [m.node('Add', ['x_f', 'x_f'], 'a')], 's')],
    ['an activation', (m: ModelSketch) => void m.node('Tanh', ['x_f'], 's')],
    ['a table', (m: ModelSketch) => void m.node('Mul', ['x_f', m.node('Sigmoid', ['x_f'], 'a')], 's')],
    [
      'padding',
      (m: ModelSketch) => {
        m.constant('pads', tensor('int64', [8], 0, 0, 1, 0, 0, 0, 0, 2));
        m.node('Sigmoid', [m.node('Pad', ['x_f', 'pads'], 'p')], 's');
      },
    ],
    [
      'a convolution',
      (m: ModelSketch) => {
        m.constant('w', tensor('uint8', [3, 2, 2, 2], 3, 255, 0, 128, 77, 150));
        m.node('Conv', ['x_f', m.dequantize('w', { scale: 0.1, zero: 120, dtype: 'uint8' })], 's');
      },
    ],
  ])('%s', (_, build) => {
    const before = withOwnSources(lifted(build));
    const after = apply(before, signedActivations);
    const inner = [...after.values.values()].filter(({ name }) => name !== 'x' && name !== 'y');
    expect(inner.filter(({ dtype }) => dtype === 'uint8')).toEqual([]);
    expect(valueOf(after, 'x').dtype).toBe('uint8');
    expect(valueOf(after, 'y').dtype).toBe('uint8');
    expect(sketch(after).filter((line) => line.includes('SignShift'))).toHaveLength(2);
    expect(results(after)).toEqual(results(before));
    expectSources(before, after);
  });
});

it('bytes without a scale stay what they are', () => {
  const model = new ModelSketch();
  model.input('x', 'uint8', 2, 3);
  model.node('Transpose', ['x'], 'y', { perm: [1, 0] });
  const before = model.output('y', 'uint8', 3, 2).canonical();
  expect(sketch(apply(before, signedActivations))).toEqual(sketch(before));
});
