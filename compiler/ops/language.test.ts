/** Normalizations and rotary embeddings of language models as operators, against ONNX Runtime and in C. */
import { describe, expect, it } from 'vitest';
import { randomFloats, tensorOf } from '../../test/support/elementwise-case.js';
import type { BuilderAttribute } from '../../test/support/onnx-builder.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import type { Tensor } from '../ir/tensor.js';

const random = new Random(53);
const floats = (...shape: number[]) => randomFloats(random, shape, 3);

interface Spec {
  readonly op: string;
  readonly domain?: string;
  readonly opset?: number;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly constants?: Readonly<Record<string, Tensor>>;
  readonly order: readonly string[];
  readonly outputs: readonly string[];
  readonly shape: readonly number[];
  readonly attributes?: Readonly<Record<string, BuilderAttribute>>;
}

function make(spec: Spec): OperatorCase {
  const { op, domain = '', opset = 17, inputs, constants = {}, order, outputs, shape, attributes = {} } = spec;
  return {
    name: `${domain} ${op} ${shape} ${JSON.stringify(attributes)}`,
    model: {
      opset,
      inputs: Object.entries(inputs).map(([name, { dtype, shape: own }]) => ({ name, dtype, shape: own })),
      outputs: outputs.filter((name) => name !== '').map((name) => ({ name, dtype: 'float32', shape })),
      initializers: Object.entries(constants).map(([name, tensor]) => ({ name, tensor })),
      nodes: [{ op, domain, inputs: order, outputs, attributes }],
    },
    inputs,
  };
}

const epsilon = { float: 1e-5 };
const positions = (value: number, ...shape: number[]) => tensorOf('int64', shape, [value]);
const angles = () => ({ cos: floats(9, 4), sin: floats(9, 4) });
const microsoft = { domain: 'com.microsoft', outputs: ['y'] };
const residual = ['y', '', '', 'sum'];

const normalizations = [
  make({
    ...{ op: 'LayerNormalization', inputs: { x: floats(3, 17) }, constants: { g: floats(17), b: floats(17) } },
    ...{ order: ['x', 'g', 'b'], outputs: ['y'], shape: [3, 17], attributes: { epsilon } },
  }),
  make({
    ...{ op: 'LayerNormalization', inputs: { x: floats(2, 3, 4) }, constants: { g: floats(3, 4) } },
    ...{ order: ['x', 'g'], outputs: ['y'], shape: [2, 3, 4], attributes: { epsilon, axis: 1 } },
  }),
  make({
    ...{ op: 'SimplifiedLayerNormalization', inputs: { x: floats(2, 16) }, constants: { g: floats(16) } },
    ...{ order: ['x', 'g'], outputs: ['y'], shape: [2, 16], attributes: { epsilon, axis: -1 } },
  }),
  make({
    ...{ ...microsoft, op: 'SkipSimplifiedLayerNormalization', inputs: { x: floats(1, 2, 16), s: floats(1, 2, 16) } },
    ...{ constants: { g: floats(16) }, order: ['x', 's', 'g'], shape: [1, 2, 16], outputs: residual },
  }),
  make({
    ...{ ...microsoft, op: 'SkipSimplifiedLayerNormalization', inputs: { x: floats(1, 2, 16), s: floats(1, 2, 16) } },
    ...{ constants: { g: floats(16), b: floats(16) }, order: ['x', 's', 'g', 'b'], shape: [1, 2, 16] },
    attributes: { epsilon },
  }),
  make({
    ...{ ...microsoft, op: 'SkipLayerNormalization', inputs: { x: floats(1, 2, 16), s: floats(1, 2, 16) } },
    ...{ constants: { g: floats(16), b: floats(16) }, order: ['x', 's', 'g', 'b'], shape: [1, 2, 16] },
    ...{ outputs: residual, attributes: { epsilon } },
  }),
];
/** Gains may be negative: they are no scales of quantization. */
const gains = make({
  ...{ op: 'RMSNormalization', opset: 23, inputs: { x: floats(2, 5) }, constants: { g: floats(5) } },
  ...{ order: ['x', 'g'], outputs: ['y'], shape: [2, 5] },
});
const rotaries = [0, 1].flatMap((interleaved) => [
  make({
    ...{ op: 'RotaryEmbedding', opset: 23, inputs: { x: floats(1, 3, 1, 8), pos: positions(5, 1, 1) } },
    ...{ constants: angles(), order: ['x', 'cos', 'sin', 'pos'], outputs: ['y'], shape: [1, 3, 1, 8] },
    attributes: { interleaved },
  }),
  make({
    ...{
      op: 'RotaryEmbedding',
      opset: 23,
      inputs: { x: floats(1, 1, 24), cos: floats(1, 1, 4), sin: floats(1, 1, 4) },
    },
    ...{ order: ['x', 'cos', 'sin'], outputs: ['y'], shape: [1, 1, 24], attributes: { interleaved, num_heads: 3 } },
  }),
  make({
    ...{ ...microsoft, op: 'RotaryEmbedding', inputs: { x: floats(1, 1, 24), pos: positions(7, 1) } },
    ...{ constants: angles(), order: ['x', 'pos', 'cos', 'sin'], shape: [1, 1, 24], attributes: { interleaved } },
  }),
]);
const compiled = [...normalizations, gains, ...rotaries].map((item) => compileCase(item));

/** Of the largest element: sums and variances in another order, fused multiply-add. */
const BOUND = 2e-6;

describe('normalizations and rotary embeddings', () => {
  it('are within the bound of ONNX Runtime', async () => {
    for (const item of compiled) {
      const onnx = await runOnnx(item);
      for (const { name } of item.model.outputs) {
        const [own, other] = [item.expected.get(name)!.data, onnx.get(name)!.data] as [Float32Array, Float32Array];
        const largest = Math.max(...other.map(Math.abs));
        const distance = Math.max(...own.map((y, i) => Math.abs(y - other[i]!)));
        expect(distance / largest, item.name).toBeLessThan(BOUND);
      }
    }
  });

  it('are the reference in C, with and without an FPU', async () => {
    await runKernels(compiled);
    await runKernels(compiled, { flags: ['-DNANOC_FPU=0'] });
  });

  it('several tokens and a part of a head are refused', () => {
    const two = make({
      ...{ op: 'RotaryEmbedding', opset: 23, inputs: { x: floats(1, 3, 2, 8) }, constants: angles() },
      ...{ order: ['x', 'cos', 'sin'], outputs: ['y'], shape: [1, 3, 2, 8] },
    });
    expect(() => compileCase(two)).toThrow(/2 tokens/);
    const part = make({
      ...{ ...microsoft, op: 'RotaryEmbedding', inputs: { x: floats(1, 3, 1, 12), pos: positions(7, 1) } },
      ...{ constants: angles(), order: ['x', 'pos', 'cos', 'sin'], shape: [1, 3, 1, 12] },
    });
    expect(() => compileCase(part)).toThrow(/heads of 12 elements have 4 angles/);
  });
});
