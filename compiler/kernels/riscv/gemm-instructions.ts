/**
 * Some pairs of pixels times two channels, all inputs, requantized and stored. A weight meets both pixels of a pair in one MUL; after
 * four weights the halves of their sum are parted: A sums the words whole, U their upper halves, rounded by the lower ones.
 */
import { schedule } from '../arm-dsp/assembly.js';
import type { Mode, SurplusForm, TailForm } from '../packed/stream.js';
import { add, clamp, framed, immediate, isImmediate } from './assembly.js';
import type { GemmShape } from './gemm.js';

/** Groups of four inputs that are written out. */
export const UNROLL = 4;

/** Sums of a group by pair and channel; registers of eight that compressed instructions reach. */
const GROUP = ['s0', 's1', 'a2', 'a3', 'a4', 'a5'];
const SUMS = ['s2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't6', 'ra'];

const group = (pair: number, channel: number) => GROUP[2 * pair + channel]!;
/** A and U of a pair and a channel. */
const whole = (pair: number, channel: number) => SUMS[4 * pair + 2 * channel]!;
const upper = (pair: number, channel: number) => SUMS[4 * pair + 2 * channel + 1]!;
const CHANNELS = [0, 1] as const;

/**
 * Called with x, stream, output, end of the stream. a0 x, a1 input, a6 stream, a7 and t0 weights, t1 product, t2 2^15, t3 output,
 * t4 end of the stream, t5 where the inputs of the loop end.
 */
export function gemmInstructions(shape: GemmShape, mode: Mode): string[] {
  const { pairs, inner } = shape;
  const { unrolled, rounds, rest } = schedule(inner / 4, UNROLL);
  const loop = rounds > 1;
  const groups = (count: number) => [
    ...Array.from({ length: count }, (_, i) => fourInputs(pairs, i, mode.flush)).flat(),
    ...add('a0', 16 * pairs * count, 't1'),
    ...add('a6', 8 * count, 't1'),
  ];
  const inLoop = rounds * unrolled * 16 * pairs;
  return framed([
    'mv a6,a1',
    'mv t3,a2',
    'mv t4,a3',
    'lui t2,8',
    ...(loop ? (isImmediate(inLoop) ? [`addi t5,a0,${inLoop}`] : [...immediate('t5', inLoop), 'add t5,t5,a0']) : []),
    '1:',
    ...CHANNELS.flatMap((c) => start(pairs, c)),
    'addi a6,a6,8',
    ...(loop ? ['2:', ...groups(unrolled), 'bne a0,t5,2b'] : groups(unrolled)),
    ...(rest > 0 ? groups(rest) : []),
    ...add('a0', -4 * pairs * inner, 't1'),
    ...(mode.flush === 4 ? surplus(pairs, shape.surplus) : []),
    ...forEach(pairs, (p, c) => [`slli t1,${upper(p, c)},16`, `sub ${whole(p, c)},${whole(p, c)},t1`]),
    ...(mode.form === undefined ? storeSums(pairs) : fixedTail(shape, mode.form)),
    'bne a6,t4,1b',
  ]);
}

function forEach(pairs: number, each: (pair: number, channel: 0 | 1) => readonly string[]): string[] {
  return Array.from({ length: pairs }, (_, pair) => CHANNELS.flatMap((channel) => each(pair, channel))).flat();
}

/** A and U of all pairs: the start of the channel's sum in both halves. */
function start(pairs: number, channel: 0 | 1): string[] {
  const [a, u] = [whole(0, channel), upper(0, channel)];
  const others = Array.from({ length: pairs - 1 }, (_, p) => [
    `mv ${whole(p + 1, channel)},${a}`,
    `mv ${upper(p + 1, channel)},${u}`,
  ]);
  return [`lw ${u},${4 * channel}(a6)`, `slli ${a},${u},16`, `add ${a},${a},${u}`, ...others.flat()];
}

/** Group number `index` of four inputs of both channels. */
function fourInputs(pairs: number, index: number, flush: 4 | 2): string[] {
  return [0, 1, 2, 3].flatMap((k) => [
    `lb a7,${8 * index + k}(a6)`,
    `lb t0,${8 * index + 4 + k}(a6)`,
    ...Array.from({ length: pairs }, (_, p) =>
      oneInput(p, 4 * pairs * (4 * index + k) + 4 * p, k % flush === 0),
    ).flat(),
    ...(k % flush === flush - 1 ? forEach(pairs, part) : []),
  ]);
}

/** One pair of pixels' input times the weights of both channels. */
function oneInput(pair: number, offset: number, first: boolean): string[] {
  const [g0, g1] = [group(pair, 0), group(pair, 1)];
  if (first) return [`lw a1,${offset}(a0)`, `mul ${g0},a1,a7`, `mul ${g1},a1,t0`];
  return [`lw a1,${offset}(a0)`, 'mul t1,a1,a7', 'mul a1,a1,t0', `add ${g0},${g0},t1`, `add ${g1},${g1},a1`];
}

/** Parts the halves of a group's sum. */
function part(pair: number, channel: 0 | 1): string[] {
  const g = group(pair, channel);
  const [a, u] = [whole(pair, channel), upper(pair, channel)];
  return [`add ${a},${a},${g}`, `add ${g},${g},t2`, `srai ${g},${g},16`, `add ${u},${u},${g}`];
}

/** The lists of surplus weights of both channels. Sums of a list lie in s0, s1 and a2. */
function surplus(pairs: number, form: SurplusForm): string[] {
  if (form === 'none') return [];
  const bytes = form === 'bytes';
  const [load, loadSigned, size] = bytes ? ['lbu', 'lb', 1] : ['lhu', 'lh', 2];
  const each = (text: (sum: string, pair: number) => string[]) =>
    Array.from({ length: pairs }, (_, p) => text(GROUP[p]!, p)).flat();
  const list = (count: string, channel: 0 | 1) => [
    `beqz ${count},4f`,
    ...each((sum) => [`addi ${sum},x0,0`]),
    `3: ${load} t1,0(a6)`,
    `${loadSigned} a3,${size}(a6)`,
    ...(bytes ? ['slli t1,t1,2'] : []),
    'add t1,t1,a0',
    `addi a6,a6,${2 * size}`,
    `addi ${count},${count},-1`,
    ...each((sum, p) => [`lw a1,${4 * p}(t1)`, 'mul a1,a1,a3', `add ${sum},${sum},a1`]),
    `bnez ${count},3b`,
    ...each((sum, p) => [
      `add ${whole(p, channel)},${whole(p, channel)},${sum}`,
      `add ${sum},${sum},t2`,
      `srai ${sum},${sum},16`,
      `add ${upper(p, channel)},${upper(p, channel)},${sum}`,
    ]),
    '4:',
  ];
  return [
    `${load} a7,0(a6)`,
    `${load} t0,${size}(a6)`,
    `addi a6,a6,${2 * size}`,
    ...list('a7', 0),
    ...list('t0', 1),
    ...(bytes ? ['addi a6,a6,3', 'andi a6,a6,-4'] : []),
  ];
}

/** Four sums of each pair, for nanoc_packed_finish. */
function storeSums(pairs: number): string[] {
  return forEach(pairs, (p, c) => [
    `sw ${whole(p, c)},${16 * p + 8 * c}(t3)`,
    `sw ${upper(p, c)},${16 * p + 8 * c + 4}(t3)`,
  ]);
}

/** s0 and a2 multipliers, s1 and a3 addends, a4 and a5 bounds, t1 output of a pixel, a1 its size. */
function fixedTail({ pairs, channels, low, high }: GemmShape, { shift }: TailForm): string[] {
  const far = !isImmediate((2 * pairs - 1) * channels + 1);
  const output = (pixel: number) => {
    const sums = CHANNELS.map((c) => (pixel % 2 === 0 ? whole : upper)(pixel >> 1, c));
    return [
      ...(far && pixel > 0 ? ['add t1,t1,a1'] : []),
      ...sums.flatMap((sum, c) => [
        `mulh ${sum},${sum},${c === 0 ? 's0' : 'a2'}`,
        `add ${sum},${sum},${c === 0 ? 's1' : 'a3'}`,
        `srai ${sum},${sum},${shift}`,
        ...clamp(sum, 'a4', 'a5'),
        far ? `sb ${sum},${c}(t1)` : `sb ${sum},${pixel * channels + c}(t3)`,
      ]),
    ];
  };
  return [
    ...['s0', 's1', 'a2', 'a3'].map((register, i) => `lw ${register},${4 * i}(a6)`),
    'addi a6,a6,16',
    `addi a4,x0,${low}`,
    `addi a5,x0,${high}`,
    ...(far ? ['mv t1,t3', ...immediate('a1', channels)] : []),
    ...Array.from({ length: 2 * pairs }, (_, pixel) => output(pixel)).flat(),
    'addi t3,t3,2',
  ];
}
