/** CMSIS-NN's functions for int16 in QEMU against the reference in the call's own arithmetic, under either rounding. */
import { describe, expect, it } from 'vitest';
import { type ConvSpec, convCase, randomConvSpec } from '../../../test/support/conv-case.js';
import type { NativeCase } from '../../../test/support/native-conv.js';
import type { LayerSpec } from '../../../test/support/native-layer.js';
import { matmulGraph } from '../../../test/support/native-matmul.js';
import { Random } from '../../../test/support/random.js';
import { runCallsOnTarget } from '../../../test/support/run-call.js';
import { callBy, type VendorSetting, vendorConv, vendorLayer, vendorSpec } from '../../../test/support/vendor-case.js';
import { testedCmsisNn } from '../../../test/support/vendor-copies.js';
import type { KernelOption } from '../../ops/define.js';
import { operators } from '../../ops/index.js';
import { loadTarget } from '../../targets.js';
import type { Rounding } from '../../vendor/cmsis-nn.js';
import { missingFrom } from '../../vendor/library.js';
import { cmsisConvolveS16, cmsisDepthwiseS16, cmsisFullyConnectedS16, cmsisMatmulS16 } from './halfwords.js';

const copy = await testedCmsisNn();
const missing = copy === undefined ? ['CMSIS-NN'] : missingFrom(copy, ['arm_convolve_wrapper_s16', 'arm_avgpool_s16']);
if (copy !== undefined && missing.length > 0) {
  console.warn(
    `skipped: CMSIS-NN of int16; this copy has no ${missing.join(', ')}: set CMSIS_NN_PATH to a full checkout`,
  );
}
const full = process.env.NANOC_FULL === '1';
const PER_OPTION = full ? 120 : 24;

const limits = { channels: 20, size: 9, kernel: 4 };

function convSpec(random: Random): ConvSpec {
  const { clamp, ...spec } = { ...randomConvSpec(random, limits), halfwords: true };
  const bounds = clamp === undefined ? {} : { clamp: [200 * clamp[0], 200 * clamp[1]] as const };
  const dilated = { dilations: [2, 2] as const, input: [spec.input[0], 9, 9] as const };
  const batches = random.chance(0.2) ? 2 : 1;
  const shifted = spec.pads.every((pad) => pad === 0) ? { zeroPoint: random.integer(-2000, 2000) } : {};
  return { ...spec, ...bounds, batches, ...shifted, ...(random.chance(0.15) ? dilated : {}) };
}

function depthwiseSpec(random: Random): ConvSpec {
  const spec = convSpec(random);
  const group = Math.max(spec.input[0], 2);
  const outputs = group * (random.chance(0.25) ? random.integer(2, 4) : 1);
  return { ...spec, input: [group, spec.input[1], spec.input[2]], group, outputs };
}

function optionOf(op: string): KernelOption {
  const { kernels } = operators.find(({ name, domain }) => name === op && domain === '')!;
  return kernels!.find((each) => each.family === 'cmsis-nn' && each.function.endsWith('_s16'))!;
}

function binary(op: 'Add' | 'Mul', random: Random): LayerSpec {
  const shape = [random.integer(1, 3), random.integer(1, 9), random.integer(1, 7)];
  const side = () => ({ shape, scale: 0.0001 + 0.0005 * random.next(), zeroPoint: 0 });
  const [a, b] = [side(), side()];
  const scale = (op === 'Add' ? a.scale + b.scale : 20000 * a.scale * b.scale) * (0.3 + random.next());
  const attributes = random.chance(0.3) ? { clamp: [random.integer(-32768, 0), random.integer(1, 32767)] } : {};
  return { op, dtype: 'int16', attributes, inputs: [a, b], output: { shape, scale, zeroPoint: 0 } };
}

function pool(op: 'AveragePool' | 'MaxPool', random: Random): LayerSpec {
  const [h, w] = [random.integer(3, 8), random.integer(3, 8)];
  const kernel = [random.integer(1, 3), random.integer(1, 3)] as const;
  const strides = [random.integer(1, 2), random.integer(1, 2)] as const;
  const pads = [0, 1, 2, 3].map((i) => random.integer(0, kernel[i % 2]! - 1));
  const x = {
    shape: [random.integer(1, 2), random.integer(1, 20), h, w],
    scale: 0.0003,
    zeroPoint: random.pick([0, random.integer(-3000, 3000)]),
  };
  const out = (size: number, i: number) => Math.floor((size + pads[i]! + pads[i + 2]! - kernel[i]!) / strides[i]!) + 1;
  const shape = [x.shape[0]!, x.shape[1]!, out(h, 0), out(w, 1)];
  const attributes = { kernel_shape: kernel, strides, pads, dilations: [1, 1] };
  return { op, dtype: 'int16', attributes, nhwc: true, inputs: [x], output: { ...x, shape } };
}

function casesFor(setting: VendorSetting): NativeCase[] {
  const random = new Random(16);
  const times = Array.from({ length: PER_OPTION }, () => random.integer(0, 2 ** 30));
  const matmul = (seed: number, i: number, option: KernelOption) => {
    const perColumn = option === cmsisMatmulS16;
    // Beyond 512 columns the kernels for DSP and Helium go on in 64 bits.
    const inner = i % 4 === 3 ? 560 + i : 30 + i;
    const spec = { rows: 1 + (i % 5), inner, columns: 7 + (i % 3), perColumn, halfwords: true };
    const { graph, inputs } = matmulGraph(spec, new Random(seed));
    return vendorLayer(graph, inputs, option, setting);
  };
  const layers = { Add: binary, Mul: binary, AveragePool: pool, MaxPool: pool } as const;
  return [
    ...times.map((seed) => vendorConv(convSpec(new Random(seed)), seed, cmsisConvolveS16, setting)),
    ...times.map((seed) => vendorConv(depthwiseSpec(new Random(seed)), seed, cmsisDepthwiseS16, setting)),
    ...[cmsisMatmulS16, cmsisFullyConnectedS16].flatMap((option) =>
      times.slice(0, 16).map((seed, i) => matmul(seed, i, option)),
    ),
    ...Object.entries(layers).flatMap(([op, make]) =>
      times.slice(0, 14).map((seed) => {
        const own = new Random(seed);
        return vendorSpec((make as (name: string, random: Random) => LayerSpec)(op, own), own, optionOf(op), setting);
      }),
    ),
  ].filter((one) => one !== undefined);
}

describe.skipIf(missing.length > 0)('CMSIS-NN for int16', () => {
  it.each(
    ['cortex-m3', 'cortex-m4', 'cortex-m33', 'cortex-m55'].flatMap((target) =>
      (['single', 'double'] satisfies Rounding[]).map((rounding) => ({ target, rounding })),
    ),
  )(
    '$target, $rounding rounding',
    async ({ target, rounding }) => {
      const setting = { target: await loadTarget(target), library: (await testedCmsisNn(rounding))! };
      const cases = casesFor(setting);
      const called = new Map<string, number>();
      for (const { case: one } of cases) called.set(one.call.function, (called.get(one.call.function) ?? 0) + 1);
      expect(Object.fromEntries(called)).toMatchObject({
        nanoc_cmsis_add_s16: 14,
        nanoc_cmsis_mul_s16: 14,
        nanoc_cmsis_average_pool_s16: 14,
        nanoc_cmsis_max_pool_s16: 14,
      });
      expect(called.get('nanoc_cmsis_convolve_s16')).toBeGreaterThan(PER_OPTION);
      expect(called.get('nanoc_cmsis_fully_connected_s16')).toBeGreaterThan(13);
      expect(called.get('nanoc_cmsis_depthwise_s16')).toBeGreaterThan(0.7 * PER_OPTION);
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
    240_000,
  );

  it('are refused where the library has no arithmetic for it, with the reason', async () => {
    const setting = { target: await loadTarget('cortex-m4'), library: copy! };
    const spec: ConvSpec = {
      ...{ input: [3, 5, 5], outputs: 4, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], halfwords: true },
    };
    const { graph } = convCase({ ...spec, zeroPoint: 5 }, new Random(1));
    expect(callBy(cmsisConvolveS16, graph, setting)).toBe(
      '"x" has a zero point, of which the library knows nothing for int16',
    );
    const large = convCase({ ...spec, input: [200, 5, 5] }, new Random(1));
    expect(callBy(cmsisConvolveS16, large.graph, setting)).toBe('a sum can leave 32 bits');
    const older = setting.library.files.map((file) => ({
      ...file,
      content: file.content.replaceAll('cmsis_nn_bias_data', 'other'),
    }));
    const { graph: plain } = convCase(spec, new Random(1));
    expect(callBy(cmsisConvolveS16, plain, { ...setting, library: { ...setting.library, files: older } })).toMatch(
      /before the bias of 32 bits/,
    );
    expect(callBy(cmsisDepthwiseS16, plain, setting)).toBe('not one filter for each channel');
  });
});
