/** CMSIS-NN's convolutions and matrix products in QEMU against the reference, over random shapes, under either rounding. */
import { describe, expect, it } from 'vitest';
import { convCase, randomConvSpec } from '../../../test/support/conv-case.js';
import { matmulGraph } from '../../../test/support/native-matmul.js';
import { Random } from '../../../test/support/random.js';
import { runCallsOnTarget } from '../../../test/support/run-call.js';
import { callBy, type VendorSetting, vendorConv, vendorLayer } from '../../../test/support/vendor-case.js';
import { testedCmsisNn } from '../../../test/support/vendor-copies.js';
import { loadTarget } from '../../targets.js';
import type { Rounding } from '../../vendor/cmsis-nn.js';
import { cmsisConvolve, cmsisDepthwise } from './convolve.js';
import { cmsisFullyConnected, cmsisFullyConnectedPerChannel, cmsisMatmul } from './fully-connected.js';

const single = await testedCmsisNn();
const full = process.env.NANOC_FULL === '1';
const PER_OPTION = full ? 120 : 24;

function settings(rounding: Rounding, target: string): Promise<VendorSetting> {
  return Promise.all([testedCmsisNn(rounding), loadTarget(target)]).then(([library, loaded]) => ({
    library: library!,
    target: loaded,
  }));
}

/** Depthwise: a group for each channel, and sometimes several outputs of it. */
function depthwiseSpec(random: Random) {
  const spec = randomConvSpec(random, { channels: 20, size: 9, kernel: 4 });
  const [channels] = spec.input;
  const group = Math.max(channels, 2);
  const outputs = group * (random.chance(0.25) ? random.integer(2, 3) : 1);
  const kernel = random.chance(0.4) ? ([3, 3] as const) : spec.kernel;
  const size = [Math.max(spec.input[1], kernel[0]), Math.max(spec.input[2], kernel[1])] as const;
  return { ...spec, kernel, input: [group, ...size] as const, group, outputs };
}

function convSpec(random: Random) {
  const spec = randomConvSpec(random, { channels: 20, size: 9, kernel: 4 });
  if (random.chance(0.2)) return { ...spec, kernel: [1, 1] as const, pads: [0, 0, 0, 0] as const };
  // Rows: 1-D convolutions.
  if (random.chance(0.25)) {
    const pads = [0, spec.pads[1], 0, spec.pads[3]] as const;
    return { ...spec, input: [spec.input[0], 1, 9] as const, kernel: [1, spec.kernel[1]] as const, pads };
  }
  if (random.chance(0.15)) return { ...spec, dilations: [2, 2] as const, input: [spec.input[0], 9, 9] as const };
  return spec;
}

describe.skipIf(single === undefined)('products of CMSIS-NN', () => {
  it.each(
    (full
      ? ['cortex-m0', 'cortex-m3', 'cortex-m4', 'cortex-m33', 'cortex-m55']
      : ['cortex-m3', 'cortex-m4', 'cortex-m55']
    ).flatMap((target) =>
      (full || target !== 'cortex-m3' ? (['single', 'double'] as const) : (['single'] as const)).map((rounding) => ({
        target,
        rounding,
      })),
    ),
  )(
    '$target, $rounding rounding',
    async ({ target, rounding }) => {
      const setting = await settings(rounding, target);
      const random = new Random(31);
      const times = Array.from({ length: PER_OPTION }, () => random.integer(0, 2 ** 30));
      const columns = { inner: 40, columns: 7 };
      const cases = [
        ...times.map((seed) => vendorConv(convSpec(new Random(seed)), seed, cmsisConvolve, setting)),
        ...times.map((seed) => vendorConv(depthwiseSpec(new Random(seed)), seed, cmsisDepthwise, setting)),
        ...[cmsisMatmul, cmsisFullyConnected, cmsisFullyConnectedPerChannel].flatMap((option, i) =>
          times.slice(0, 8).map((seed, j) => {
            const spec = { ...columns, inner: columns.inner + j, rows: i === 0 ? 1 + j : 1, perColumn: i !== 1 };
            const { graph, inputs } = matmulGraph(spec, new Random(seed));
            return vendorLayer(graph, inputs, option, setting);
          }),
        ),
      ].filter((one) => one !== undefined);
      const called = new Set(cases.map(({ case: { call } }) => call.function));
      expect([...called]).toEqual(expect.arrayContaining(['nanoc_cmsis_convolve_s8', 'nanoc_cmsis_depthwise_s8']));
      expect(cases.length).toBeGreaterThan(2 * PER_OPTION - 8);
      const results = await runCallsOnTarget(
        cases.map((one) => one.case),
        setting.target,
        [setting.library],
      );
      results.forEach(({ values }, i) => {
        const { call, graph } = cases[i]!.case;
        const shapes = [...graph.values.values()].map(({ name, shape }) => `${name} [${shape}]`).join(', ');
        const told = `${i}: ${call.function} ${shapes} ${JSON.stringify(call.node.attributes)}`;
        expect(values.get('y')!.data, told).toEqual(cases[i]!.expected);
      });
    },
    120_000,
  );

  it('are refused where the copy or the core has none, or nobody gave a copy', async () => {
    const { graph } = convCase(randomConvSpec(new Random(3), { channels: 4, size: 5, kernel: 3 }), new Random(3));
    const setting = await settings('single', 'cortex-m4');
    const without = {
      ...setting.library,
      files: setting.library.files.filter(({ path }) => !/convolve_wrapper/.test(path)),
    };
    expect(callBy(cmsisConvolve, graph, { ...setting, library: without })).toMatch(/has no arm_convolve_wrapper_s8/);
    expect(callBy(cmsisConvolve, graph, { ...setting, target: await loadTarget('host') })).toBe(
      'the core is no Cortex-M',
    );
    expect(callBy(cmsisDepthwise, graph, setting)).toBe('not one filter for each channel');
    const other = { ...setting.library, name: 'esp-nn' as const };
    expect(callBy(cmsisConvolve, graph, { ...setting, library: other })).toBe('no copy of CMSIS-NN is given');
  });
});
