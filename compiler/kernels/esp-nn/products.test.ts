/** ESP-NN's generic kernels on RISC-V against the reference, over random shapes, with the conditions of each chip. */
import { describe, expect, it } from 'vitest';
import { convCase, randomConvSpec } from '../../../test/support/conv-case.js';
import { matmulGraph } from '../../../test/support/native-matmul.js';
import { Random } from '../../../test/support/random.js';
import { runCallsOnTarget } from '../../../test/support/run-call.js';
import { simulatedTargets } from '../../../test/support/simulated-targets.js';
import { callBy, vendorConv, vendorLayer } from '../../../test/support/vendor-case.js';
import { testedEspNn } from '../../../test/support/vendor-copies.js';
import type { Target } from '../../ir/target.js';
import { loadTarget } from '../../targets.js';
import type { Geometry } from '../vendor/layer.js';
import { espConvolve, espDepthwise } from './convolve.js';
import { convolveFault, depthwiseFault } from './faults.js';
import { espFullyConnected, espFullyConnectedPerChannel, espMatmul } from './fully-connected.js';

const library = await testedEspNn();
const isSimulated = (await simulatedTargets()).includes('rv32imc');
const PER_OPTION = process.env.NANOC_FULL === '1' ? 150 : 24;

function convSpec(random: Random, depthwise: boolean) {
  const spec = randomConvSpec(random, { channels: 20, size: 9, kernel: 4 });
  const kernel = random.chance(0.4) ? ([3, 3] as const) : spec.kernel;
  const [channels, height, width] = spec.input;
  const size = [Math.max(height, kernel[0]), Math.max(width, kernel[1])] as const;
  if (!depthwise) {
    const pointwise = random.chance(0.2);
    return pointwise ? { ...spec, kernel: [1, 1] as const, pads: [0, 0, 0, 0] as const } : spec;
  }
  const group = random.chance(0.5) ? 16 : Math.max(channels, 2);
  const outputs = group * (random.chance(0.25) ? random.integer(2, 4) : 1);
  return { ...spec, kernel, input: [group, ...size] as const, group, outputs };
}

/** RV32IMC with the conditions and the scratch of a chip. */
async function standIn(chip: string): Promise<Target> {
  const [core, { features }] = await Promise.all([loadTarget('rv32imc'), loadTarget(chip)]);
  return { ...core, features };
}

describe.skipIf(library === undefined)('products of ESP-NN', () => {
  it.skipIf(!isSimulated).each(['esp32', 'esp32s3', 'esp32p4'])(
    'as for the %s',
    async (chip) => {
      const setting = { library: library!, target: await standIn(chip) };
      const random = new Random(47);
      const seeds = Array.from({ length: PER_OPTION }, () => random.integer(0, 2 ** 30));
      const cases = [
        ...seeds.map((seed) => vendorConv(convSpec(new Random(seed), false), seed, espConvolve, setting)),
        ...seeds.map((seed) => vendorConv(convSpec(new Random(seed), true), seed, espDepthwise, setting)),
        ...[espMatmul, espFullyConnected, espFullyConnectedPerChannel].flatMap((option, i) =>
          seeds.slice(0, 8).map((seed, j) => {
            const spec = { inner: 40 + j, columns: 7, rows: i === 0 ? 1 + j : 1, perColumn: i !== 1 };
            const { graph, inputs } = matmulGraph(spec, new Random(seed));
            return vendorLayer(graph, inputs, option, setting);
          }),
        ),
      ].filter((one) => one !== undefined);
      const called = new Set(cases.map(({ case: { call } }) => call.function));
      expect([...called].sort()).toEqual([
        'nanoc_esp_convolve_s8',
        'nanoc_esp_depthwise_s8',
        'nanoc_esp_fully_connected_per_channel_s8',
        'nanoc_esp_fully_connected_s8',
      ]);
      expect(cases.length).toBeGreaterThan(PER_OPTION);
      for (const { case: one } of cases) expect(one.call.alignment).toBe(16);
      const needScratch = cases.filter(({ case: { call } }) => call.scratch !== undefined);
      expect(needScratch.length > 0).toBe(chip !== 'esp32');
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

  it('fold the zero point of a fully connected layer into its bias', async () => {
    const setting = { library: library!, target: await standIn('esp32s3') };
    const { graph } = matmulGraph({ inner: 32, columns: 4, rows: 1, perColumn: true }, new Random(2));
    const call = callBy(espFullyConnectedPerChannel, graph, setting);
    expect(call).toMatchObject({ vendor: { library: 'esp-nn' } });
    expect(JSON.stringify(call)).not.toContain('in_offset');
  });

  it('are refused without a library, or where the library does less', async () => {
    const target = await standIn('esp32s3');
    const spec = randomConvSpec(new Random(3), { channels: 4, size: 5, kernel: 3 });
    const { graph } = convCase({ ...spec, group: 1 }, new Random(3));
    const other = { ...library!, name: 'cmsis-nn' as const };
    expect(callBy(espConvolve, graph, { library: other, target })).toBe('no copy of ESP-NN is given');
    const without = { ...library!, files: library!.files.filter(({ path }) => !/conv_opt/.test(path)) };
    expect(callBy(espConvolve, graph, { library: without, target })).toMatch(/has no esp_nn_conv_s8_opt/);
    expect(callBy(espDepthwise, graph, { library: library!, target })).toBe('not one filter for each channel');
  });
});

describe('known faults', () => {
  const layer: Geometry = {
    ...{ batches: 1, inHeight: 20, inWidth: 20, inChannels: 16, outHeight: 20, outWidth: 20, outChannels: 16 },
    ...{ kernel: [3, 3], pads: [1, 1], trailing: [1, 1], strides: [1, 1], dilations: [1, 1] },
  };

  it('are met by the shapes that they are about, on their chip', () => {
    expect(depthwiseFault(layer, 3, 's3')).toBeUndefined();
    expect(depthwiseFault({ ...layer, trailing: [2, 2] }, 3, 's3')).toContain('esp-nn#31');
    expect(depthwiseFault({ ...layer, trailing: [2, 2] }, 3, 'generic')).toBeUndefined();
    const strips: Geometry = { ...layer, inHeight: 50, inWidth: 50, kernel: [5, 5] };
    expect(depthwiseFault(strips, 3, 's3')).toContain('in strips');
    expect(depthwiseFault(strips, 0, 's3')).toBeUndefined();
    expect(convolveFault(layer, 's3')).toBeUndefined();
    expect(convolveFault({ ...layer, inHeight: 1 }, 's3')).toContain('longer than the padded image');
    expect(convolveFault({ ...layer, pads: [0, 0] }, 'p4')).toContain('esp-nn#31');
    expect(convolveFault({ ...layer, inChannels: 1 }, 'p4')).toContain('fewer than 16');
    expect(convolveFault({ ...layer, inChannels: 1 }, 'generic')).toBeUndefined();
  });
});
