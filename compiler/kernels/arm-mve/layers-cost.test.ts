/** Predictions of the MVE kernels for any shape against the simulator, on shapes that their numbers were not fitted to. */
import { expect, it } from 'vitest';
import { type LayerSpec, layerCase } from '../../../test/support/native-layer.js';
import { Random } from '../../../test/support/random.js';
import { runCallsOnTarget } from '../../../test/support/run-call.js';
import { loadTarget } from '../../targets.js';
import { predictInstructions } from '../cost.js';
import { mveLayerCosts } from './layers-cost.js';

const SLOW_MS = 300_000;
const TOLERANCE = 0.15;
const SMALLEST = 4000;

/** @param factors of the scales of b and y: Add in integers is exact with [1, 1.5]; in float only, for its ties, with [2, 4] */
function binary(op: string, factors: readonly [number, number], random: Random): LayerSpec {
  const shape = [1, random.integer(8, 20), random.integer(8, 20), random.integer(20, 60)];
  const repeated = random.chance(0.3) ? [1, 1, 1, shape[3]!] : shape;
  const scale = 2 ** -5;
  return {
    op,
    inputs: [
      { shape, scale, zeroPoint: 3 },
      { shape: repeated, scale: factors[0] * scale, zeroPoint: -8 },
    ],
    output: { shape, scale: factors[1] * scale, zeroPoint: 5 },
  };
}

function pool(op: 'MaxPool' | 'AveragePool', random: Random): LayerSpec {
  const whole = op === 'AveragePool';
  const image = [random.integer(12, 30), random.integer(12, 30)] as const;
  const kernel = whole ? image : ([random.integer(1, 4), random.integer(2, 4)] as const);
  const strides = [random.integer(1, 2), random.integer(1, 2)] as const;
  const channels = random.integer(whole ? 40 : 10, 150);
  const out = (axis: 0 | 1) => Math.floor((image[axis] - kernel[axis]) / strides[axis]) + 1;
  return {
    ...{ op, nhwc: true, attributes: { kernel_shape: kernel, strides, pads: [0, 0, 0, 0], dilations: [1, 1] } },
    inputs: [{ shape: [1, channels, ...image], scale: 0.1, zeroPoint: 0 }],
    output: { shape: [1, channels, out(0), out(1)], scale: whole ? 0.02 : 0.1, zeroPoint: 0 },
  };
}

function table(random: Random): LayerSpec {
  const operand = { shape: [1, random.integer(17_000, 30_000)], scale: 0.05, zeroPoint: 4 };
  return { op: 'Sigmoid', inputs: [operand], output: { ...operand, scale: 1 / 256, zeroPoint: -128 } };
}

function product(random: Random): LayerSpec {
  const [rows, inner, columns] = [random.integer(10, 50), random.integer(8, 70), random.integer(12, 60)];
  const operand = (shape: readonly number[]) => ({ shape, scale: 0.02, zeroPoint: 5 });
  return {
    op: 'MatMul',
    inputs: [operand([2, rows, inner]), operand([2, inner, columns])],
    output: operand([2, rows, columns]),
  };
}

it('is within 15 % for each of them', { timeout: SLOW_MS }, async () => {
  const random = new Random(23);
  const times = (make: () => LayerSpec) => Array.from({ length: 6 }, make);
  const specs = [
    ...times(() => binary('Add', [1, 1.5], random)),
    ...times(() => binary('Add', [2, 4], random)),
    ...times(() => binary('Mul', [1, 0.7], random)),
    ...times(() => pool('MaxPool', random)),
    ...times(() => pool('AveragePool', random)),
    ...times(() => table(random)),
    ...times(() => product(random)),
  ];
  const cases = specs.flatMap((spec) => layerCase(spec, ['mve', 'fpu', 'dsp'], random) ?? []).map((one) => one.case);
  const target = await loadTarget('cortex-m55');
  const results = await runCallsOnTarget(cases, target);
  const judged = cases.flatMap(({ call, graph }, i) => {
    const measured = results[i]!.instructions;
    const ratio = (predictInstructions(call, graph, target) ?? Number.NaN) / measured;
    if (process.env.NANOC_SHOW !== undefined) console.log(ratio.toFixed(3), measured, call.function);
    return measured < SMALLEST ? [] : [{ name: call.function, ratio }];
  });
  expect([...new Set(judged.map(({ name }) => name))].sort()).toEqual(Object.keys(mveLayerCosts).sort());
  expect(judged.filter(({ ratio }) => !(Math.abs(ratio - 1) <= TOLERANCE))).toEqual([]);
});
