/** CMSIS-NN's layers of int8 without weights in QEMU against the reference in the call's own arithmetic, under either rounding. */
import { describe, expect, it } from 'vitest';
import type { NativeCase } from '../../../test/support/native-conv.js';
import type { LayerSpec } from '../../../test/support/native-layer.js';
import { Random } from '../../../test/support/random.js';
import { runCallsOnTarget } from '../../../test/support/run-call.js';
import { type VendorSetting, vendorSpec } from '../../../test/support/vendor-case.js';
import { testedCmsisNn } from '../../../test/support/vendor-copies.js';
import type { KernelOption } from '../../ops/define.js';
import { operators } from '../../ops/index.js';
import { loadTarget } from '../../targets.js';
import type { Rounding } from '../../vendor/cmsis-nn.js';
import { missingFrom } from '../../vendor/library.js';

const single = await testedCmsisNn();
const full = process.env.NANOC_FULL === '1';
const PER_OPERATOR = full ? 60 : 14;

function cmsisOptionsOf(op: string): readonly KernelOption[] {
  return operators
    .find(({ name, domain }) => name === op && domain === '')!
    .kernels!.filter((kernel) => kernel.family === 'cmsis-nn' && kernel.function.endsWith('_s8'));
}

const quantized = (random: Random, shape: readonly number[]) => ({
  ...{ shape, scale: 0.004 + 0.03 * random.next(), zeroPoint: random.integer(-128, 127) },
});

function binary(op: string) {
  return (random: Random): LayerSpec => {
    const shape = [random.integer(1, 3), random.integer(1, 9), random.integer(1, 7)];
    const [a, b] = [quantized(random, shape), quantized(random, shape)];
    const scale = (op === 'Add' ? a.scale + b.scale : 100 * a.scale * b.scale) * (0.3 + random.next());
    const attributes = random.chance(0.3) ? { clamp: [random.integer(-128, 0), random.integer(1, 127)] } : {};
    // Equal scales, powers of two: ties are frequent.
    const even = random.chance(0.3) ? { scale: 1 / 64 } : {};
    return {
      op,
      attributes,
      inputs: [
        { ...a, ...even },
        { ...b, ...even },
      ],
      output: { shape, scale, zeroPoint: random.integer(-128, 127) },
    };
  };
}

function pool(op: string) {
  return (random: Random): LayerSpec => {
    const [h, w] = [random.integer(3, 8), random.integer(3, 8)];
    const kernel = [random.integer(1, 3), random.integer(1, 3)] as const;
    const strides = [random.integer(1, 2), random.integer(1, 2)] as const;
    const pads = [0, 1, 2, 3].map((i) => random.integer(0, kernel[i % 2]! - 1));
    const x = quantized(random, [random.integer(1, 2), random.integer(1, 20), h, w]);
    const out = (size: number, i: number) =>
      Math.floor((size + pads[i]! + pads[i + 2]! - kernel[i]!) / strides[i]!) + 1;
    const shape = [x.shape[0]!, x.shape[1]!, out(h, 0), out(w, 1)];
    const attributes = { kernel_shape: kernel, strides, pads, dilations: [1, 1] };
    return { op, attributes, nhwc: true, inputs: [x], output: { ...x, shape } };
  };
}

function softmax(random: Random): LayerSpec {
  const shape = [random.integer(1, 4), random.integer(1, 40)];
  const x = { ...quantized(random, shape), scale: random.pick([0.002, 0.02, 0.1, 0.3]) * (0.5 + random.next()) };
  return { op: 'Softmax', attributes: { axis: 1 }, inputs: [x], output: { shape, scale: 1 / 256, zeroPoint: -128 } };
}

function pad(random: Random): LayerSpec {
  const shape = [random.integer(1, 2), random.integer(1, 4), random.integer(1, 4), random.integer(1, 18)];
  const pads = Array.from({ length: 8 }, () => random.integer(0, 2));
  const x = quantized(random, shape);
  const attributes = { mode: 'constant', value: random.integer(-128, 127), pads };
  return {
    op: 'Pad',
    attributes,
    inputs: [x],
    output: { ...x, shape: shape.map((n, i) => n + pads[i]! + pads[i + 4]!) },
  };
}

function transpose(random: Random): LayerSpec {
  const shape = Array.from({ length: random.integer(2, 4) }, () => random.integer(1, random.pick([4, 20])));
  const perm = shape.map((_, i) => i).sort(() => random.next() - 0.5);
  const x = quantized(random, shape);
  return {
    op: 'Transpose',
    attributes: { perm },
    inputs: [x],
    output: { ...x, shape: perm.map((axis) => shape[axis]!) },
  };
}

/** A left side of several rows, both sides computed, sometimes one of them for all batches. */
function matmul(random: Random): LayerSpec {
  const [rows, inner, columns] = [random.integer(1, 5), random.integer(1, 37), random.integer(1, 9)];
  const batch = random.pick([[], [3], [2, 2]]);
  const side = (shape: readonly number[], repeated: boolean) =>
    quantized(random, [...(repeated ? [] : batch), ...shape]);
  const [a, b] = [side([rows, inner], random.chance(0.2)), side([inner, columns], random.chance(0.2))];
  const shape = [...(a.shape.length > b.shape.length ? a.shape : b.shape).slice(0, -2), rows, columns];
  const scale = 70 * a.scale * b.scale * Math.sqrt(inner) * (0.3 + random.next());
  return { op: 'MatMul', inputs: [a, b], output: { shape, scale, zeroPoint: random.integer(-128, 127) } };
}

const operatorSpecs: Readonly<Record<string, (random: Random) => LayerSpec>> = {
  ...{ Add: binary('Add'), Mul: binary('Mul'), AveragePool: pool('AveragePool'), MaxPool: pool('MaxPool') },
  ...{ Softmax: softmax, Pad: pad, Transpose: transpose, MatMul: matmul },
};

async function casesFor(setting: VendorSetting): Promise<NativeCase[]> {
  return Object.entries(operatorSpecs).flatMap(([op, make]) => {
    const random = new Random(77);
    const option = cmsisOptionsOf(op).at(-1)!;
    return Array.from({ length: PER_OPERATOR }, () => vendorSpec(make(random), random, option, setting) ?? []).flat();
  });
}

describe.skipIf(single === undefined)('layers of CMSIS-NN without weights', () => {
  it.each(
    (full ? ['cortex-m0', 'cortex-m3', 'cortex-m4', 'cortex-m33', 'cortex-m55'] : ['cortex-m4', 'cortex-m55']).flatMap(
      (target) => (['single', 'double'] satisfies Rounding[]).map((rounding) => ({ target, rounding })),
    ),
  )(
    '$target, $rounding rounding',
    async ({ target, rounding }) => {
      const setting = { target: await loadTarget(target), library: (await testedCmsisNn(rounding))! };
      const cases = await casesFor(setting);
      const called = new Set(cases.map(({ case: { call } }) => call.function));
      // A subset of the library lacks some of them.
      const subset = missingFrom(setting.library, ['arm_softmax_s8', 'arm_elementwise_add_s8']).length > 0;
      expect(called.size).toBe(subset ? 2 : 8);
      const results = await runCallsOnTarget(
        cases.map((one) => one.case),
        setting.target,
        [setting.library],
      );
      results.forEach(({ values }, i) => {
        const { call, graph } = cases[i]!.case;
        const shapes = [...graph.values.values()].map(({ name, shape }) => `${name} [${shape}]`).join(', ');
        const told = `${i}: ${call.function} ${shapes} ${JSON.stringify(call.node.attributes)} ${call.remarks?.join() ?? ''}`;
        expect(values.get('y')!.data, told).toEqual(cases[i]!.expected);
      });
    },
    120_000,
  );
});
