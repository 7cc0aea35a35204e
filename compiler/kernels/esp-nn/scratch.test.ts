/** The port of ESP-NN's scratch sizes against the library's own C, compiled for the host, over random layers. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/support/random.js';
import { bakennFolder } from '../../../test/support/vendor-copies.js';
import { workFolder } from '../../../test/support/work-folder.js';
import type { Geometry } from '../vendor/layer.js';
import { convolveAsked, convolveBytes, depthwiseAsked, depthwiseBytes } from './scratch.js';

const folder = await bakennFolder();
const work = workFolder();
const CASES = 3000;

function geometry(random: Random, depthwise: boolean): Geometry {
  const size = () => random.integer(1, random.chance(0.2) ? 60 : 14);
  const kernel = random.chance(0.4) ? ([3, 3] as const) : ([random.integer(1, 5), random.integer(1, 5)] as const);
  const pads = random.chance(0.4) ? ([0, 0] as const) : ([random.integer(0, 2), random.integer(0, 2)] as const);
  const strides = random.chance(0.5) ? ([1, 1] as const) : ([random.integer(1, 3), random.integer(1, 3)] as const);
  const channels = random.chance(0.5) ? 8 * random.integer(1, 10) : random.integer(1, 40);
  const [inHeight, inWidth] = [size() + kernel[0], size() + kernel[1]];
  const trailing = [random.integer(0, 2), random.integer(0, 2)] as const;
  const out = (size: number, axis: 0 | 1) =>
    Math.floor((size + pads[axis] + trailing[axis] - kernel[axis]) / strides[axis]) + 1;
  return {
    ...{ batches: 1, inHeight, inWidth, inChannels: channels, kernel, pads, strides, trailing, dilations: [1, 1] },
    ...{ outHeight: out(inHeight, 0), outWidth: out(inWidth, 1) },
    outChannels: depthwise ? channels * (random.chance(0.7) ? 1 : random.integer(2, 4)) : random.integer(1, 40),
  };
}

/** The text of a function of the library, to the brace in the first column. */
function functionOf(path: string, name: string): string {
  const source = readFileSync(join(folder!, 'bakenn/backend/esp_nn/vendor/esp_nn/src/convolution', path), 'utf8');
  const start = source.indexOf(`int ${name}(`);
  return source.slice(start, source.indexOf('\n}\n', start) + 3);
}

async function sizesByLibrary(name: string, path: string, cases: readonly Geometry[], depthwise: boolean) {
  const at = join(work.path, name);
  mkdirSync(at, { recursive: true });
  const rows = cases.map((g) => {
    const { inWidth, inHeight, inChannels, outWidth, outHeight, outChannels, kernel, pads, strides } = g;
    const filter = [kernel[1], kernel[0], depthwise ? outChannels : inChannels];
    const numbers = [inWidth, inHeight, inChannels, ...filter, outWidth, outHeight, outChannels];
    return `{${[...numbers, strides[1], strides[0], pads[1], pads[0], outChannels / inChannels].join(', ')}},`;
  });
  const params = depthwise
    ? 'dw_conv_params_t p = {0, 0, (int32_t)r[13], {r[9], r[10]}, {r[11], r[12]}, {1, 1}, {-128, 127}};'
    : 'conv_params_t p = {0, 0, {r[9], r[10]}, {r[11], r[12]}, {1, 1}, {-128, 127}};';
  const main = `#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <esp_nn_defs.h>
#define max(a, b) ((a) > (b) ? (a) : (b))
#define L1D_BUDGET 32768
${functionOf(path, name)}
static const double cases[][14] = {
${rows.join('\n')}
};
int main(void) {
  for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const double *r = cases[i];
    data_dims_t in = {r[0], r[1], r[2], 1}, filter = {r[3], r[4], r[5], 1}, out = {r[6], r[7], r[8], 1};
    ${params}
    printf("%d\\n", ${name}(&in, &filter, &out, &p));
  }
  return 0;
}
`;
  writeFileSync(join(at, 'main.c'), main);
  const include = join(folder!, 'bakenn/backend/esp_nn/vendor/esp_nn/include');
  await execa('cc', ['-w', `-I${include}`, 'main.c', '-o', 'main'], { cwd: at });
  return (await execa('./main', [], { cwd: at })).stdout.split('\n').map(Number);
}

describe.skipIf(folder === undefined)('scratch of ESP-NN', () => {
  const random = new Random(5);
  const dense = Array.from({ length: CASES }, () => geometry(random, false));
  const depthwise = Array.from({ length: CASES }, () => geometry(random, true));

  it('is what esp_nn_get_conv_scratch_size says for the ESP32-S3', async () => {
    const asked = await sizesByLibrary('esp_nn_get_conv_scratch_size_esp32s3', 'esp_nn_conv_esp32s3.c', dense, false);
    expect(dense.map((g) => convolveAsked(g, 's3'))).toEqual(asked);
    dense.forEach((g, i) => {
      expect(convolveBytes(g, 's3')).toBeGreaterThanOrEqual(asked[i]!);
    });
  });

  it('is what it says for the ESP32-P4, for windows of 16 elements and more', async () => {
    const taken = dense.filter(({ kernel, inChannels }) => kernel[0] * kernel[1] * inChannels >= 16);
    const asked = await sizesByLibrary('esp_nn_get_conv_scratch_size_esp32p4', 'esp_nn_conv_esp32p4.c', taken, false);
    expect(taken.map((g) => convolveAsked(g, 'p4'))).toEqual(asked);
  });

  it('is what esp_nn_get_depthwise_conv_scratch_size says for the ESP32-S3, or more where its kernel writes more', async () => {
    const path = 'esp_nn_depthwise_conv_s8_esp32s3.c';
    const asked = await sizesByLibrary('esp_nn_get_depthwise_conv_scratch_size_esp32s3', path, depthwise, true);
    expect(depthwise.map(depthwiseAsked)).toEqual(asked);
    const more = depthwise.filter((g, i) => depthwiseBytes(g, 's3') > asked[i]!);
    // Mixed pads on multiples of 16 channels: the buffer for the output is not counted.
    expect(more.length).toBeGreaterThan(10);
    for (const { kernel, inChannels } of more) expect([...kernel, inChannels % 16]).toEqual([3, 3, 0]);
  });

  it('is none for the kernels in C', () => {
    expect(convolveBytes(dense[0]!, 'generic') + depthwiseBytes(depthwise[0]!, 'generic')).toBe(0);
  });
});
