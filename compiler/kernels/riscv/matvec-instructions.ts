/** RV32IM: four channels of one row; a product serves two channels, whose weights lie in the halves of a word. */
import { schedule } from '../arm-dsp/assembly.js';
import type { MatvecShape } from '../packed/matvec-call.js';
import type { TailForm } from '../packed/stream.js';
import { add, clamp, framed, immediate, isImmediate } from './assembly.js';

/** Inputs that are written out. */
export const MATVEC_UNROLL = 16;

/** Sums of a group, and A and U, of both pairs. */
const GROUP = ['s0', 's1'] as const;
const SUMS = ['s2', 's3', 's4', 's5'] as const;
const MASK = 0x00ff00ff;

/**
 * Called with the inputs, the stream, the output, the end of the stream and the first words of the groups. a0 x, a1 input, a2 weights of
 * one input, a3 and a4 those of two, a5 sum of a group's inputs, a6 stream, a7 words of the groups, t0 mask, t1 others, t2 2^15, t3 output,
 * t4 end of the stream, t5 where the inputs of the loop end, t6 and s6 x and the words from the start, s7 0x00800080.
 */
export function matvecInstructions(shape: MatvecShape, form: TailForm | undefined): string[] {
  const { inner, flush } = shape;
  const { unrolled, rounds, rest } = schedule(Math.floor(inner / flush), Math.max(1, MATVEC_UNROLL / flush));
  const summed = shape.groups === 'summed';
  const loop = rounds > 1;
  const last = inner % flush;
  return framed([
    'mv t6,a0',
    'mv a6,a1',
    'mv t3,a2',
    'mv t4,a3',
    ...(summed ? immediate('s7', 0x00800080) : ['mv s6,a4']),
    'lui t2,8',
    ...immediate('t0', MASK),
    ...(loop ? atOffset('t5', 'a0', rounds * unrolled * flush) : []),
    '1:',
    'mv a0,t6',
    ...(summed ? [] : ['mv a7,s6']),
    ...SUMS.map((sum, i) => `lw ${sum},${4 * i}(a6)`),
    'addi a6,a6,16',
    ...(loop ? ['2:', ...groups(unrolled, flush, summed), 'bne a0,t5,2b'] : groups(unrolled, flush, summed)),
    ...groups(rest, flush, summed),
    ...(last === 0 ? [] : [...group(last, 0, 0, 0, summed), ...add('a6', 8 * Math.ceil(last / 2), 't1')]),
    ...[0, 2].flatMap((i) => [`slli t1,${SUMS[i + 1]},16`, `sub ${SUMS[i]},${SUMS[i]},t1`]),
    ...surplus(shape),
    ...(form === undefined ? SUMS.map((sum, i) => `sw ${sum},${4 * i}(t3)`) : fixedTail(shape, form)),
    'bne a6,t4,1b',
  ]);
}

function atOffset(to: string, from: string, value: number): string[] {
  return isImmediate(value) ? [`addi ${to},${from},${value}`] : [...immediate(to, value), `add ${to},${to},${from}`];
}

/** So many groups, and the pointers moved behind them. */
function groups(count: number, flush: number, summed: boolean): string[] {
  if (count === 0) return [];
  return [
    ...Array.from({ length: count }, (_, i) => group(flush, i * flush, 4 * i * flush, 4 * i, summed)).flat(),
    `addi a0,a0,${count * flush}`,
    `addi a6,a6,${4 * count * flush}`,
    ...(summed ? [] : [`addi a7,a7,${4 * count}`]),
  ];
}

/** So many inputs of both pairs, at these offsets from the pointers. */
function group(inputs: number, x: number, weights: number, word: number, summed: boolean): string[] {
  const product = (input: number, pair: 0 | 1) => [
    `and a2,${pair === 0 ? 'a3' : 'a4'},t0`,
    ...(input === 0 ? [`mul ${GROUP[pair]},a1,a2`] : ['mul a2,a1,a2', `add ${GROUP[pair]},${GROUP[pair]},a2`]),
  ];
  const sum = (input: number) => (summed ? [input === 0 ? 'mv a5,a1' : 'add a5,a5,a1'] : []);
  const each = Array.from({ length: inputs }, (_, k) => [
    ...(k % 2 === 0
      ? [`lw a3,${weights + 4 * k}(a6)`, `lw a4,${weights + 4 * k + 4}(a6)`]
      : ['srli a3,a3,8', 'srli a4,a4,8']),
    `lb a1,${x + k}(a0)`,
    ...sum(k),
    ...product(k, 0),
    ...product(k, 1),
  ]);
  // What 128 too many in each weight adds, and 2^15, so that the lower half borrows nothing.
  const correction = summed ? ['mul a5,a5,s7', 'sub a5,t2,a5'] : [`lw a5,${word}(a7)`];
  return [
    ...each.flat(),
    ...correction,
    ...[0, 1].flatMap((pair) => [
      `add ${GROUP[pair]},${GROUP[pair]},a5`,
      `add ${SUMS[2 * pair]},${SUMS[2 * pair]},${GROUP[pair]}`,
      `srai ${GROUP[pair]},${GROUP[pair]},16`,
      `add ${SUMS[2 * pair + 1]},${SUMS[2 * pair + 1]},${GROUP[pair]}`,
    ]),
  ];
}

/** The lists of surplus weights of the four channels. */
function surplus({ surplus: form }: MatvecShape): string[] {
  if (form === 'none') return [];
  const [load, loadSigned, size] = form === 'bytes' ? ['lbu', 'lb', 1] : ['lhu', 'lh', 2];
  const list = (sum: string, channel: number) => [
    ...(channel === 0 ? [] : [`srli a3,a2,${8 * channel}`]),
    `andi a3,${channel === 0 ? 'a2' : 'a3'},255`,
    'beqz a3,4f',
    `3: ${load} t1,0(a6)`,
    `${loadSigned} a5,${size}(a6)`,
    'add t1,t1,t6',
    'lb t1,0(t1)',
    `addi a6,a6,${2 * size}`,
    'addi a3,a3,-1',
    'mul t1,t1,a5',
    `add ${sum},${sum},t1`,
    'bnez a3,3b',
    '4:',
  ];
  return [
    'lw a2,0(a6)',
    'addi a6,a6,4',
    'beqz a2,5f',
    ...SUMS.flatMap(list),
    ...(form === 'bytes' ? ['addi a6,a6,3', 'andi a6,a6,-4'] : []),
    '5:',
  ];
}

/** a1 and a2 bounds, a3 multiplier, a4 addend. */
function fixedTail({ low, high }: MatvecShape, { shift }: TailForm): string[] {
  return [
    `addi a1,x0,${low}`,
    `addi a2,x0,${high}`,
    ...SUMS.flatMap((sum, i) => [
      `lw a3,${4 * i}(a6)`,
      `lw a4,${16 + 4 * i}(a6)`,
      `mulh ${sum},${sum},a3`,
      `add ${sum},${sum},a4`,
      `srai ${sum},${sum},${shift}`,
      ...clamp(sum, 'a1', 'a2'),
      `sb ${sum},${i}(t3)`,
    ]),
    'addi a6,a6,32',
    'addi t3,t3,4',
  ];
}
