/** The requantizations of nanoc/requantize.h, with an FPU and without, against their twin in the compiler: next to ties, at limits, anywhere. */
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { requantize } from '../../compiler/numerics/requantize.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { Random } from '../support/random.js';
import { workFolder } from '../support/work-folder.js';

const COUNT = 40_000;
const RUNTIME = join(packageRoot(), 'runtime-c');

interface Form {
  readonly name: string;
  readonly low: number;
  readonly high: number;
}

const forms: readonly Form[] = [
  { name: 'nanoc_requantize', low: -128, high: 127 },
  { name: 'nanoc_requantize_s16', low: -32768, high: 32767 },
];

interface Case {
  readonly sum: number;
  readonly scale: number;
  readonly zero: number;
  readonly low: number;
  readonly high: number;
}

/** Every second sum lies within two of the product with a half behind the point. */
function cases(random: Random, { low, high }: Form): Case[] {
  return Array.from({ length: COUNT }, () => {
    const exponent = 2 ** -random.integer(0, 24);
    const scale = Math.fround(exponent * random.pick([1, 1.5, 1 + random.next(), 1 + random.integer(0, 255) / 256]));
    const half = random.integer(2 * low, 2 * high) + 0.5;
    const near = Math.round(half / scale) + random.integer(-2, 2);
    const any = random.integer(-(2 ** 31), 2 ** 31 - 1) >> random.integer(0, 24);
    const sum = random.chance(0.5) && Math.abs(near) < 2 ** 31 ? near : any;
    const bounds = random.chance(0.2) ? { low: random.integer(low, 0), high: random.integer(0, high) } : { low, high };
    return { sum, scale, zero: random.integer(low, high), ...bounds };
  });
}

function program(name: string): string {
  return `#include <stdio.h>
#include <string.h>
#include "nanoc/requantize.h"
int main(void) {
  int32_t v[5];
  while (fread(v, sizeof v, 1, stdin) == 1) {
    float scale;
    memcpy(&scale, &v[1], sizeof scale);
    const int32_t y = ${name}(v[0], scale, v[2], v[3], v[4]);
    fwrite(&y, sizeof y, 1, stdout);
  }
  return 0;
}
`;
}

const work = workFolder();

async function run(name: string, flag: string, list: readonly Case[]): Promise<Int32Array> {
  const sources = [work.write('main.c', program(name)), join(RUNTIME, 'src/portable/nanoc_requantize.c')];
  const binary = join(work.path, 'main');
  const flags = ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-ffp-contract=off', flag];
  await execa('cc', [...flags, '-I', join(RUNTIME, 'include'), ...sources, '-o', binary]);
  const words = new Int32Array(5 * list.length);
  const scales = new Float32Array(words.buffer);
  list.forEach(({ sum, scale, zero, low, high }, i) => {
    words.set([sum, 0, zero, low, high], 5 * i);
    scales[5 * i + 1] = scale;
  });
  const input = new Uint8Array(words.buffer);
  const { stdout } = await execa(binary, [], { input, encoding: 'buffer', maxBuffer: 2 ** 26 });
  return new Int32Array(stdout.slice().buffer);
}

describe.each(['-DNANOC_FPU=1', '-DNANOC_FPU=0'])('requantization in C, %s', (flag) => {
  it.each(forms)('$name: every result', async (form) => {
    const list = cases(new Random(16), form);
    const results = await run(form.name, flag, list);
    const wrong = list.flatMap((one, i) => {
      const expected = requantize(one.sum, one.scale, one.zero, one.low, one.high);
      return results[i] === expected ? [] : [{ ...one, expected, got: results[i] }];
    });
    expect(wrong.slice(0, 3)).toEqual([]);
  });
});
