/** Predictions of 4-bit products against the simulator: rows, widths, blocks, zero points and biases that nothing was fitted to. */
import { describe, expect, it } from 'vitest';
import { type BuilderModel, buildModel } from '../../test/support/onnx-builder.js';
import { Random } from '../../test/support/random.js';
import { simulatedTargets } from '../../test/support/simulated-targets.js';
import { compile } from '../index.js';
import type { Tensor } from '../ir/tensor.js';
import { runModel } from '../simulate/session.js';
import { defaultVectors } from '../verify/default-vectors.js';

const TOLERANCE = 0.15;
const LAYERS = 8;
const SLOW_MS = 300_000;

function tensor(dtype: 'float32' | 'uint8', shape: readonly number[], element: () => number): Tensor {
  const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, element);
  return { dtype, shape, data: dtype === 'uint8' ? Uint8Array.from(values) : Float32Array.from(values) };
}

/** Products side by side, each with an input and an output of its own. */
function modelOf(random: Random): BuilderModel {
  const layers = Array.from({ length: LAYERS }, (_, i) => {
    const [K, N, block] = [random.integer(40, 300), random.integer(30, 150), random.pick([16, 32, 64])];
    const blocks = Math.ceil(K / block);
    const zeros = random.chance(0.4);
    const rows = random.pick([1, 1, 2]);
    const byte = () => random.integer(0, 255);
    const initializers = [
      { name: `b${i}`, tensor: tensor('uint8', [N, blocks, block / 2], byte) },
      { name: `s${i}`, tensor: tensor('float32', [N * blocks], () => 0.01 + random.next() / 10) },
      ...(zeros ? [{ name: `z${i}`, tensor: tensor('uint8', [N * Math.ceil(blocks / 2)], byte) }] : []),
    ];
    const attributes = { K, N, bits: 4, block_size: block, accuracy_level: 4 };
    const inputs = [`a${i}`, ...initializers.map(({ name }) => name)];
    return {
      initializers,
      input: { name: `a${i}`, dtype: 'float32' as const, shape: [rows, K] },
      output: { name: `y${i}`, dtype: 'float32' as const, shape: [rows, N] },
      node: { op: 'MatMulNBits', domain: 'com.microsoft', inputs, outputs: [`y${i}`], attributes },
    };
  });
  return {
    opset: 17,
    inputs: layers.map(({ input }) => input),
    outputs: layers.map(({ output }) => output),
    initializers: layers.flatMap(({ initializers }) => initializers),
    nodes: layers.map(({ node }) => node),
  };
}

const targets = (await simulatedTargets()).filter((name) =>
  ['cortex-m0', 'cortex-m3', 'cortex-m4', 'cortex-m55', 'rv32imc', 'lx7'].includes(name),
);

describe.each(targets)('the cost of 4-bit products on %s', (target) => {
  it('is within 15 % of the measurement', { timeout: SLOW_MS }, async () => {
    const source = { fileName: 'nbits.onnx', bytes: buildModel(modelOf(new Random(9))) };
    const compilation = await compile(source, { target });
    const { vectors } = defaultVectors(compilation.reference, { count: 1 });
    const { layers } = await runModel(compilation, vectors, { mode: 'profile' });
    const ratios = compilation.plan.calls.map(
      ({ predicted }, step) => predicted!.instructions / layers![step]!.instructions!,
    );
    expect(ratios).toHaveLength(LAYERS);
    for (const ratio of ratios) expect(Math.abs(ratio - 1)).toBeLessThan(TOLERANCE);
  });
});
