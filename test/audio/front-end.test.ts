/** The audio front end: its C gives the integers of the reference, on cores with and without the instructions that help. */
import { isDeepStrictEqual as equals } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FrontEndReference } from '../../compiler/audio/front-end.js';
import { quantized } from '../../compiler/audio/quantize.js';
import { type Frame, runSounds, type SoundCase } from './audio-program.js';
import { type FrontEndName, names, planOf } from './front-ends.js';
import { loneLowest, sounds } from './sounds.js';

const plans = Object.fromEntries(names.map((name) => [name, planOf(name)]));

/** Pieces of sound as drivers give them: a stride, a buffer of DMA, odd ones. */
const PIECES = [[160], [512], [1, 7, 250, 1024]] as const;

function casesOf(count: number): (SoundCase & { readonly frontEnd: FrontEndName })[] {
  const all = Object.values({ ...sounds(count), loneLowest: loneLowest(count) });
  return names.flatMap((frontEnd) =>
    all.map((samples, index) => ({ frontEnd, samples, pieces: PIECES[index % PIECES.length]! })),
  );
}

function expected({ frontEnd: name, samples }: SoundCase): Frame[] {
  const { frontEnd, quantization } = plans[name]!;
  return new FrontEndReference(frontEnd).push(samples).map((features) => ({
    features: Array.from(features),
    row:
      quantization === undefined
        ? Array.from(features, (feature) => Math.fround(feature * Math.fround(frontEnd.scale)))
        : quantized(features, quantization.thresholds, quantization.zeroPoint),
  }));
}

/** Without the counts, and as the 16 bits that a row is made of. */
const comparable = (frames: readonly Frame[]) =>
  frames.map(({ features, row }) => ({ features: features.map((x) => Math.min(x, 65535)), row }));

describe('the audio front end in C', () => {
  it.each([
    ['host', 6000],
    ['cortex-m0', 2500],
    ['cortex-m4', 2500],
    ['rv32imc', 2500],
  ])('%s: features and rows of the reference, for every sound', async (target, count) => {
    const cases = casesOf(count);
    const results = await runSounds(target, plans, cases);
    for (const [index, each] of cases.entries()) {
      const wanted = expected(each);
      expect(wanted.length).toBeGreaterThan(0);
      expect(comparable(results[index]!), `${each.frontEnd}, sound ${index % 12}`).toEqual(wanted);
    }
  });

  it('gives the same frames, however the sound is cut', async () => {
    const samples = sounds(5000).speech!;
    const cases = [[5000], [1], [479], [480], [481], [3, 997]].map((pieces) => ({ frontEnd: 'wake', samples, pieces }));
    // A piece of the program has room for 1024 samples.
    cases[0]!.pieces = [1024];
    const [first, ...others] = (await runSounds('host', plans, cases)).map(comparable);
    expect(first).toHaveLength(29);
    for (const other of others) expect(other).toEqual(first);
  });

  it('is found where one constant of one table is another', async () => {
    const broken = Object.keys(BREAKS);
    const frontEnds = Object.fromEntries(['whole', ...broken].map((name) => [name, plans.wake!]));
    const { loud, speech } = sounds(4000);
    const samples = Int16Array.from([...speech!, ...loud!]);
    const cases = Object.keys(frontEnds).map((frontEnd) => ({ frontEnd, samples, pieces: [160] }));
    const results = await runSounds('host', frontEnds, cases, (file) => {
      const table = broken.find((name) => file.path === `${name}_front_end.c`);
      return table === undefined ? file : { ...file, content: withOther(file.content, table, BREAKS[table]!) };
    });
    const wanted = expected({ ...cases[0]!, frontEnd: 'wake' });
    const equal = cases.map(({ frontEnd }, index) => [frontEnd, equals(comparable(results[index]!), wanted)]);
    expect(Object.fromEntries(equal)).toEqual({
      whole: true,
      ...Object.fromEntries(broken.map((name) => [name, false])),
    });
  });
});

/**
 * Tables of the generated C: a constant that speech takes, by its number, and how much it is moved towards 0. The logarithm and the mean of
 * many bins hide what is smaller. (Of `widths` a sanitizer stops the program.)
 */
const BREAKS: Readonly<Record<string, readonly [at: number, by: number]>> = {
  window: [240, 64],
  twiddles: [60, 512],
  real_twiddles: [60, 4096],
  weights: [40, 64],
  unweights: [40, 64],
  gains: [68, 512],
  logs: [70, 64],
  thresholds: [127, 100],
};

/** The file with another constant in a table. */
function withOther(content: string, table: string, [at, by]: readonly [at: number, by: number]): string {
  const start = content.indexOf(` ${table}[`);
  const body = content.indexOf('{', start) + 1;
  let index = 0;
  const moved = (number: number) => String(number > 0 ? number - by : number + by);
  const changed = content.slice(body).replace(/-?\d+/g, (text) => (index++ === at ? moved(Number(text)) : text));
  expect(index).toBeGreaterThan(at);
  return content.slice(0, body) + changed;
}
