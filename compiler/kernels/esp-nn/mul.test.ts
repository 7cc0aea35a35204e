/** ESP-NN's products of two tensors against the reference in the call's own arithmetic: its C with the conditions of the ESP32-S3, and its vectors where they run. */
import { describe, expect, it } from 'vitest';
import type { LayerSpec } from '../../../test/support/native-layer.js';
import { Random } from '../../../test/support/random.js';
import { runCallsOnTarget } from '../../../test/support/run-call.js';
import { simulatedTargets } from '../../../test/support/simulated-targets.js';
import { type VendorSetting, vendorSpec } from '../../../test/support/vendor-case.js';
import { testedEspNn } from '../../../test/support/vendor-copies.js';
import type { KernelOption } from '../../ops/define.js';
import { operators } from '../../ops/index.js';
import { loadTarget } from '../../targets.js';
import { withVectors } from '../../vendor/esp-nn.js';

const library = await testedEspNn();
const simulated = await simulatedTargets();
const PER_OPTION = process.env.NANOC_FULL === '1' ? 80 : 16;

const [equal, channel] = operators
  .find(({ name, domain }) => name === 'Mul' && domain === '')!
  .kernels!.filter(({ family }) => family === 'esp-nn') as [KernelOption, KernelOption];

function spec(random: Random, shape: readonly number[], factors: readonly number[] = shape): LayerSpec {
  const side = (of: readonly number[]) => ({
    shape: of,
    scale: 0.004 + 0.03 * random.next(),
    zeroPoint: random.pick([-128, 0, 127, random.integer(-128, 127)]),
  });
  const [a, b] = [side(shape), side(factors)];
  const inputs = random.chance(0.3) && factors !== shape ? [b, a] : [a, b];
  const scale = 100 * a.scale * b.scale * (0.3 + random.next());
  const attributes = random.chance(0.3) ? { clamp: [random.integer(-128, 0), random.integer(1, 127)] } : {};
  return { op: 'Mul', attributes, inputs, output: { shape, scale, zeroPoint: random.integer(-128, 127) } };
}

function casesFor(setting: VendorSetting) {
  const random = new Random(91);
  return Array.from({ length: PER_OPTION }, () => {
    const eights = [random.integer(1, 3), random.integer(1, 5), 8 * random.integer(1, 9)];
    const pixels = [1, random.integer(2, 4), random.integer(1, 4), 16 * random.integer(1, 4)];
    return [
      vendorSpec(spec(random, eights), random, equal, setting),
      vendorSpec(spec(random, pixels, [pixels[3]!]), random, channel, setting),
    ].flatMap((one) => one ?? []);
  }).flat();
}

describe.skipIf(library === undefined)('products of two tensors by ESP-NN', () => {
  it.each(['rv32imc', 'lx7-pie'].filter((core) => simulated.includes(core)))(
    'on %s',
    async (core) => {
      const [on, { features }] = await Promise.all([loadTarget(core), loadTarget('esp32s3')]);
      const copy = core === 'lx7-pie' ? withVectors(library!) : library!;
      const setting = { target: { ...on, features }, library: copy };
      const cases = casesFor(setting);
      expect(cases).toHaveLength(2 * PER_OPTION);
      const results = await runCallsOnTarget(
        cases.map((one) => one.case),
        setting.target,
        [copy],
      );
      results.forEach(({ values }, i) => {
        const { call, graph } = cases[i]!.case;
        const shapes = [...graph.values.values()].map(({ name, shape }) => `${name} [${shape}]`).join(', ');
        expect(values.get('y')!.data, `${i}: ${call.function} ${shapes}`).toEqual(cases[i]!.expected);
      });
    },
    120_000,
  );

  it('are refused where the kernel is wrong or slow', async () => {
    const random = new Random(5);
    const s3 = { target: await loadTarget('esp32s3'), library: library! };
    const refused = (shape: number[], factors: number[] | undefined, option: KernelOption, setting = s3) =>
      vendorSpec(spec(random, shape, factors), random, option, setting);
    expect(refused([3, 8], undefined, equal)).toBeDefined();
    expect(refused([3, 9], undefined, equal)).toBeUndefined();
    expect(refused([3, 16], [16], equal)).toBeUndefined();
    expect(refused([3, 24], [24], channel)).toBeUndefined();
    expect(refused([3, 16], [3, 1], channel)).toBeUndefined();
    const c3 = { ...s3, target: await loadTarget('esp32c3') };
    expect(refused([3, 8], undefined, equal, c3)).toBeUndefined();
  });
});
