/** The port of CMSIS-NN's scratch sizes against the library's own `*_get_buffer_size`, compiled for the host as for each kind of core. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../../test/support/random.js';
import { testedCmsisNn } from '../../../test/support/vendor-copies.js';
import { withTemporaryFolder } from '../../toolchain/temporary.js';
import { type Library, missingFrom } from '../../vendor/library.js';
import { roundUp } from '../vendor/round-up.js';
import type { Core } from './option.js';
import {
  averagePoolBytes,
  type ConvolveShape,
  convolveBytes,
  convolveBytesS16,
  depthwiseBytes,
  depthwiseBytesS16,
} from './scratch.js';

const library = await testedCmsisNn();
const CASES = 1500;
/** A subset of the library may have none. */
const hasS16 = library !== undefined && missingFrom(library, ['arm_convolve_wrapper_s16']).length === 0;
/** What the library's headers make of a core, its `arm_nn_math_types.h`. */
const MACROS: Readonly<Record<Core, readonly string[]>> = {
  plain: [],
  dsp: ['-DARM_MATH_DSP'],
  mve: ['-DARM_MATH_DSP', '-DARM_MATH_MVEI'],
};

interface Layer extends ConvolveShape {
  readonly outHeight: number;
  readonly multiplier: number;
}

function layer(random: Random): Layer {
  const pair = (chance: number, least: number, greatest: number) =>
    random.chance(chance)
      ? ([least, least] as const)
      : ([random.integer(least, greatest), random.integer(least, greatest)] as const);
  const isRow = random.chance(0.25);
  const [high, wide] = random.chance(0.3) ? [3, 3] : [random.integer(1, 5), random.integer(1, 5)];
  const isPointwise = random.chance(0.2);
  const kernel = isPointwise ? ([1, 1] as const) : ([isRow ? 1 : high, wide] as const);
  const [top, left] = isPointwise ? [0, 0] : pair(0.4, 0, 2);
  const pads = [isRow ? 0 : top, left] as const;
  const [strides, dilations] = [pair(0.5, 1, 3), pair(0.8, 1, 2)];
  const reach = [0, 1].map((axis) => (kernel[axis]! - 1) * dilations[axis]! + 1);
  const [inHeight, inWidth] = [isRow ? 1 : random.integer(0, 12) + reach[0]!, random.integer(0, 20) + reach[1]!];
  const out = (size: number, axis: 0 | 1) => Math.floor((size + 2 * pads[axis] - reach[axis]!) / strides[axis]) + 1;
  return {
    ...{ inHeight, inWidth, inChannels: random.chance(0.4) ? 16 * random.integer(1, 12) : random.integer(1, 200) },
    ...{ kernel, pads, strides, dilations, outHeight: out(inHeight, 0), outWidth: out(inWidth, 1) },
    multiplier: random.chance(0.7) ? 1 : random.integer(2, 4),
  };
}

/** All functions of the copy that say sizes for int8 and int16, and the constants that they refer to. */
function sizeFunctions({ files }: Library): string {
  const text = files.map(({ content }) => content.replace(/\r/g, '')).join('\n');
  const found = new Map<string, string>();
  const pattern =
    /^(?:__STATIC_INLINE )?(?:int32_t|bool)\s+(arm_(?:conv|dep\w*wise|avgpool)\w*s(?:8|16)\w*get_buffer_size\w*|arm_nn_is_convolve_\w+)\(([^;{)]*)\)\n\{/gm;
  for (const match of text.matchAll(pattern)) {
    if (match[1]!.includes('transpose')) continue;
    found.set(match[1]!, text.slice(match.index, text.indexOf('\n}\n', match.index) + 3));
  }
  const heads = [...found.values()].map((body) => `${body.slice(0, body.indexOf(')') + 1)};`);
  const blocks = [
    /#define CH_IN_BLOCK_MVE .*/,
    /#define CONVERT_DW_CONV\w+ .*/,
    /#define USE_FAST_DW_CONV_S16_FUNCTION(?:.*\\\n)*.*/,
  ];
  return [...blocks.map((block) => block.exec(text)?.[0] ?? ''), ...heads, ...found.values()]
    .join('\n')
    .replace(/__STATIC_INLINE /g, 'static ');
}

/** For each layer: the convolution's bytes, those of the depthwise one, those of an average over its window; the same for int16. */
async function sizesByLibrary(layers: readonly Layer[], core: Core, folder: string): Promise<number[][]> {
  const rows = layers.map(({ inHeight, inWidth, inChannels, outHeight, outWidth, kernel, strides, ...rest }) => {
    const numbers = [inHeight, inWidth, inChannels, outHeight, outWidth, ...kernel, ...strides, ...rest.pads];
    return `{${[...numbers, ...rest.dilations, rest.multiplier].join(', ')}},`;
  });
  mkdirSync(join(folder, 'Internal'), { recursive: true });
  for (const { path, content } of library!.files) {
    // Since 7.1 the types need the configuration.
    const name = /(?:Internal\/arm_nn_config|arm_nn_types)\.h$/.exec(path)?.[0];
    if (name !== undefined) writeFileSync(join(folder, name), content);
  }
  writeFileSync(
    join(folder, `${core}.c`),
    `#include <stdbool.h>
#include <stdio.h>
#include "arm_nn_types.h"
#define MAX(a, b) ((a) > (b) ? (a) : (b))
${sizeFunctions(library!)}
static const int32_t cases[][14] = {
${rows.join('\n')}
};
int main(void) {
  for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const int32_t *r = cases[i];
    const cmsis_nn_dims in = {1, r[0], r[1], r[2]}, out = {1, r[3], r[4], 24}, wide = {1, r[3], r[4], r[2] * r[13]};
    const cmsis_nn_dims filter = {24, r[5], r[6], r[2]}, each = {1, r[5], r[6], r[2] * r[13]};
    const cmsis_nn_tile stride = {.h = r[7], .w = r[8]}, padding = {.h = r[9], .w = r[10]}, dilation = {.h = r[11], .w = r[12]};
    const cmsis_nn_conv_params conv = {.stride = stride, .padding = padding, .dilation = dilation};
    const cmsis_nn_dw_conv_params depthwise = {.ch_mult = r[13], .stride = stride, .padding = padding, .dilation = dilation};
    printf("%ld %ld %ld", (long)arm_convolve_wrapper_s8_get_buffer_size(&conv, &in, &filter, &out),
           (long)arm_depthwise_conv_wrapper_s8_get_buffer_size(&depthwise, &in, &each, &wide),
           (long)arm_avgpool_s8_get_buffer_size(r[4], r[2]));
${
  hasS16
    ? `    printf(" %ld %ld %ld\\n", (long)arm_convolve_wrapper_s16_get_buffer_size(&conv, &in, &filter, &out),
           (long)arm_depthwise_conv_wrapper_s16_get_buffer_size(&depthwise, &in, &each, &wide),
           (long)arm_avgpool_s16_get_buffer_size(r[4], r[2]));`
    : '    puts("");'
}
  }
  return 0;
}
`,
  );
  await execa('cc', ['-w', ...MACROS[core], `${core}.c`, '-o', core], { cwd: folder });
  const { stdout } = await execa(`./${core}`, [], { cwd: folder });
  return stdout.split('\n').map((line) => line.split(' ').map(Number));
}

const all = (list: readonly number[], n: number) => list.every((each) => each === n);

/** The 1x1 kernels, and with Helium the one for rows: theirs are larger in later versions. */
function hasPathOfItsOwn({ inHeight, kernel, pads, dilations }: Layer): boolean {
  return (all(kernel, 1) && all(pads, 0)) || (inHeight === 1 && kernel[0] === 1 && dilations[1] === 1);
}

describe.skipIf(library === undefined).each(['plain', 'dsp', 'mve'] as const)('scratch of CMSIS-NN, %s', (core) => {
  const random = new Random(9);
  const layers = Array.from({ length: CASES }, () => layer(random));
  let asked: number[][] = [];
  beforeAll(async () => {
    asked = await withTemporaryFolder('nanoc-test-', (folder) => sizesByLibrary(layers, core, folder));
  });

  it('is never less than arm_convolve_wrapper_s8_get_buffer_size says', () => {
    const short = asked.flatMap(([bytes], i) => (convolveBytes(layers[i]!, core) < bytes! ? [layers[i]!] : []));
    expect(short).toEqual([]);
  });

  it('is what it says for windows that need no filling up to the lanes of any version', () => {
    const whole = layers.flatMap((one, i) => {
      const window = one.kernel[0] * one.kernel[1] * one.inChannels;
      return window === roundUp(window, 16) && !hasPathOfItsOwn(one) ? [{ one, bytes: asked[i]![0] }] : [];
    });
    expect(whole.length).toBeGreaterThan(300);
    expect(whole.map(({ one }) => convolveBytes(one, core))).toEqual(whole.map(({ bytes }) => bytes));
  });

  it('is what arm_depthwise_conv_wrapper_s8_get_buffer_size says, or none for the 3x3 kernel, which takes none', () => {
    const isThree = ({ kernel, pads, multiplier, dilations }: Layer) =>
      core !== 'mve' && all(kernel, 3) && Math.max(...pads) <= 1 && multiplier === 1 && all(dilations, 1);
    const threes = layers.filter(isThree);
    expect(threes.map((one) => depthwiseBytes(one, core))).toEqual(threes.map(() => 0));
    expect(threes.length > 50).toBe(core !== 'mve');
    const rest = layers.map((one, i) => ({ one, bytes: asked[i]![1] })).filter(({ one }) => !isThree(one));
    expect(rest.map(({ one }) => depthwiseBytes(one, core))).toEqual(rest.map(({ bytes }) => bytes));
  });

  it('is what arm_avgpool_s8_get_buffer_size says', () => {
    expect(layers.map(({ inChannels }) => averagePoolBytes(inChannels, core))).toEqual(
      asked.map(([, , bytes]) => bytes),
    );
  });

  it.skipIf(!hasS16)('is what the functions for int16 say', () => {
    const ported = layers.map((one) => [
      convolveBytesS16(one, core),
      depthwiseBytesS16(one, core),
      averagePoolBytes(one.inChannels, core),
    ]);
    expect(ported).toEqual(asked.map((bytes) => bytes.slice(3, 6)));
  });
});
