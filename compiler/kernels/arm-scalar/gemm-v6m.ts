/**
 * Armv6-M (Cortex-M0, M0+): two pixels times two channels, all inputs, requantized and stored. Weights are loaded as unsigned bytes,
 * 128 more than they are; what that adds to a group of four is in the group's fifth word. Two forms of requantization: `short`, two
 * multiplications (numerics/short-requantization.ts), or the upper word of a 64-bit product in four.
 */
import { shiftFor } from '../../numerics/requantization-solver.js';
import { type ShortShifts, shortShifts, solveShort } from '../../numerics/short-requantization.js';
import { schedule } from '../arm-dsp/assembly.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import type { Mode, SurplusForm, Tail, TailForm } from '../packed/stream.js';
import { fixedPointFor } from '../requantization-plan.js';
import type { ArmCore } from './core.js';
import type { GemmShape } from './gemm.js';

/** The upper word's parts stay below 2^31 with multipliers below 2^30 and sums below 2^29. */
const LONG_SUMS = 2 ** 29;

export const v6m: ArmCore = {
  name: 'v6m',
  weightOffset: 128,
  parting: -0x8000,
  groupWords: 5,
  wordOf: (position) => 5 * (position >> 2) + (position & 3),
  forms: ({ channels }) => {
    const scale = Math.max(...channels.map((channel) => channel.scale));
    const sum = Math.max(...channels.map(({ reach }) => Math.max(reach.greatest, -reach.least)));
    const short = shortShifts(sum, scale);
    const shift = Math.min(24, shiftFor(scale) - 1);
    const long: TailForm[] = shift >= 1 && sum < LONG_SUMS ? [{ kind: 'long', shift, fraction: 0, cost: 80 }] : [];
    return short === undefined ? long : [{ kind: 'short', ...short, cost: 46 }, ...long];
  },
  solve: (layer, channel, form) => (form.kind === 'short' ? solveShortTail : solveLongTail)(layer, channel, form),
};

/** Results are 128 higher until they are stored, so that one comparison finds what saturates. */
function solveShortTail(layer: StreamLayer, channel: number, { fraction, shift }: ShortShifts): Tail | undefined {
  const { zeroPoint, low, high, channels } = layer;
  const { scale, reach } = channels[channel]!;
  const found = solveShort(
    { scale, reach, zeroPoint: zeroPoint + 128, low: low + 128, high: high + 128 },
    { fraction, shift },
  );
  if (found === undefined) return undefined;
  return { tweak: 0, words: [found.low + found.high * 65536, found.addend] };
}

function solveLongTail(layer: StreamLayer, channel: number, { shift }: ShortShifts): Tail | undefined {
  const { zeroPoint, low, high, channels } = layer;
  const found = fixedPointFor(channels[channel]!, shift, 0, zeroPoint, low, high);
  const addend = (found?.addend ?? 0) + 128 * 2 ** shift;
  if (found === undefined || found.multiplier >= 2 ** 30 || addend >= 2 ** 31) return undefined;
  return { tweak: found.tweak, words: [found.multiplier, addend] };
}

/** Groups of four inputs that are written out, so that branches reach. */
export const UNROLL_V6M = { 4: 8, 2: 4 } as const;

/** Bytes on the stack: nine registers, five words. */
export const V6M_STACK = 36 + 20;

/** Words on the stack. */
const OUTPUT = '[sp]';
const STREAM_END = '[sp,#4]';
const INPUTS = '[sp,#8]';
const INPUTS_END = '[sp,#12]';
const PARTINGS = '[sp,#16]';

/**
 * r0 x, r1 stream, r2 to r5 inputs, r6 weight, r7 both sums of a group, r8 and r9 A and U of channel 0, r10 and r11 of channel 1,
 * r12 the group's fifth word, lr 2^15.
 */
export function v6mInstructions(shape: GemmShape, mode: Mode): string[] {
  const { unrolled, rounds, rest } = schedule(shape.inner / 4, UNROLL_V6M[mode.flush]);
  return [
    ...entry(shape, mode, rounds > 1 ? rounds * unrolled * 20 : 0),
    '1: ldm r1!,{r2,r3}',
    `ldr r4,${PARTINGS}`,
    ...start('r2', 'r8', 'r9'),
    ...start('r3', 'r10', 'r11'),
    ...(rounds > 1 ? ['2:'] : []),
    ...groups(unrolled, mode.flush),
    ...(rounds > 1 ? [`ldr r6,${INPUTS_END}`, 'cmp r0,r6', 'beq 3f', 'b 2b', '3:'] : []),
    ...groups(rest, mode.flush),
    `ldr r0,${INPUTS}`,
    ...(mode.flush === 4 ? surplus(shape.surplus) : []),
    ...(mode.form === undefined
      ? storeSums()
      : [...channelTail(shape, mode.form, 0), ...channelTail(shape, mode.form, 1)]),
    ...(mode.form === undefined ? [] : ['adds r1,#16', `ldr r0,${INPUTS}`, 'adds r2,#2']),
    `str r2,${OUTPUT}`,
    `ldr r6,${STREAM_END}`,
    'cmp r1,r6',
    'beq 9f',
    'b 1b',
    '9: add sp,#20',
    'pop {r4-r7}',
    ...['r8', 'r9', 'r10', 'r11'].map((high, i) => `mov ${high},r${4 + i}`),
    'pop {r4-r7,pc}',
  ];
}

function entry(shape: GemmShape, mode: Mode, loopBytes: number): string[] {
  return [
    'push {r4-r7,lr}',
    ...['r8', 'r9', 'r10', 'r11'].map((high, i) => `mov r${4 + i},${high}`),
    'push {r4-r7}',
    'sub sp,#20',
    `str r2,${OUTPUT}`,
    `str r3,${STREAM_END}`,
    `str r0,${INPUTS}`,
    ...(loopBytes === 0 ? [] : [...constant('r4', loopBytes), 'adds r4,r0,r4', `str r4,${INPUTS_END}`]),
    ...constant('r4', (shape.inner / mode.flush) * 0x8000),
    `str r4,${PARTINGS}`,
    ...constant('r4', 0x8000),
    'mov lr,r4',
  ];
}

/** A constant without a literal pool: eight bits at a time. */
export function constant(register: string, value: number): string[] {
  if (value === 0) return [`movs ${register},#0`];
  let zeros = 0;
  while (value % 2 ** (zeros + 1) === 0) zeros += 1;
  const odd = value / 2 ** zeros;
  const bytes: number[] = [];
  for (let rest = odd; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  const [first, ...others] = bytes;
  return [
    `movs ${register},#${first}`,
    ...others.flatMap((byte) => [
      `lsls ${register},${register},#8`,
      ...(byte === 0 ? [] : [`adds ${register},#${byte}`]),
    ]),
    ...(zeros === 0 ? [] : [`lsls ${register},${register},#${zeros}`]),
  ];
}

/** U starts where A does, but without the 2^15 of each parting (r4). */
function start(from: string, whole: string, upper: string): string[] {
  return [`adds r5,${from},r4`, `mov ${upper},r5`, 'lsls r5,r5,#16', `adds ${from},${from},r5`, `mov ${whole},${from}`];
}

/** Groups of four inputs of both channels; byte loads reach 31 bytes from the pointer. */
function groups(count: number, flush: 4 | 2): string[] {
  const lines: string[] = [];
  let offset = 0;
  for (let i = 0; i < count; i += 1) {
    lines.push(...(flush === 4 ? groupOfFour(offset) : groupOfTwos(offset)));
    offset += 8;
    if (offset === 32 || i === count - 1) lines.push(`adds r1,#${offset}`);
    offset %= 32;
  }
  return lines;
}

function part(whole: string, upper: string): string[] {
  return [`add ${whole},r7`, 'asrs r7,r7,#16', `add ${upper},r7`];
}

function groupOfFour(offset: number): string[] {
  const products = (from: number) =>
    [0, 1, 2, 3].flatMap((k) => [`ldrb r6,[r1,#${from + k}]`, `muls r6,r${2 + k},r6`, 'adds r7,r7,r6']);
  return [
    'ldm r0!,{r2-r5,r7}',
    'mov r12,r7',
    ...products(offset),
    ...part('r8', 'r9'),
    'mov r7,r12',
    ...products(offset + 4),
    ...part('r10', 'r11'),
  ];
}

function groupOfTwos(offset: number): string[] {
  const two = (from: number, k: number, whole: string, upper: string) => [
    'mov r7,lr',
    ...[k, k + 1].flatMap((i) => [
      `ldrb r6,[r1,#${from + i}]`,
      'subs r6,#128',
      `muls r6,r${2 + i},r6`,
      'adds r7,r7,r6',
    ]),
    ...part(whole, upper),
  ];
  return [
    'ldm r0!,{r2-r5,r7}',
    ...[0, 2].flatMap((k) => two(offset, k, 'r8', 'r9')),
    ...[0, 2].flatMap((k) => two(offset + 4, k, 'r10', 'r11')),
  ];
}

/** The lists of surplus weights of both channels. */
function surplus(form: SurplusForm): string[] {
  if (form === 'none') return [];
  const bytes = form === 'bytes';
  const load = bytes ? 'ldrb' : 'ldrh';
  const size = bytes ? 1 : 2;
  const list = (count: string, whole: string, upper: string) => [
    `cmp ${count},#0`,
    'beq 5f',
    'mov r7,lr',
    `4: ${load} r2,[r1]`,
    `${load} r3,[r1,#${size}]`,
    `adds r1,#${2 * size}`,
    ...(bytes ? ['lsls r2,r2,#2', 'sxtb r3,r3'] : ['sxth r3,r3']),
    'ldr r2,[r0,r2]',
    'muls r3,r2,r3',
    'adds r7,r7,r3',
    `subs ${count},#1`,
    'bne 4b',
    'asrs r2,r7,#16',
    `add ${upper},r2`,
    'mov r2,lr',
    'subs r7,r7,r2',
    `add ${whole},r7`,
    '5:',
  ];
  return [
    `${load} r6,[r1]`,
    `${load} r5,[r1,#${size}]`,
    `adds r1,#${2 * size}`,
    ...list('r6', 'r8', 'r9'),
    ...list('r5', 'r10', 'r11'),
    ...(bytes ? ['adds r1,#3', 'movs r2,#3', 'bics r1,r1,r2'] : []),
  ];
}

/** The sums of both pixels: r3 of pixel 0, r4 of pixel 1. */
function sumsOf(whole: string, upper: string): string[] {
  return [`mov r4,${upper}`, 'lsls r5,r4,#16', `mov r3,${whole}`, 'subs r3,r3,r5'];
}

function storeSums(): string[] {
  return [`ldr r2,${OUTPUT}`, ...sumsOf('r8', 'r9'), 'stm r2!,{r3,r4}', ...sumsOf('r10', 'r11'), 'stm r2!,{r3,r4}'];
}

/** One channel of both pixels: constants r5, r6 and r7, output r2. */
function channelTail(shape: GemmShape, form: TailForm, channel: 0 | 1): string[] {
  const [whole, upper] = channel === 0 ? ['r8', 'r9'] : ['r10', 'r11'];
  const at = 8 * channel;
  const each = (sum: string) => [...(form.kind === 'short' ? shortTail : longTail)(sum, form), ...saturate(sum)];
  return [
    ...sumsOf(whole!, upper!),
    ...(form.kind === 'long' ? ['mov r12,r4'] : []),
    `ldrh r5,[r1,#${at}]`,
    `ldrh r6,[r1,#${at + 2}]`,
    `ldr r7,[r1,#${at + 4}]`,
    ...each('r3'),
    `ldr r2,${OUTPUT}`,
    `strb r3,[r2,#${channel}]`,
    ...(form.kind === 'long' ? ['mov r4,r12', ...each('r4'), `ldr r2,${OUTPUT}`] : each('r4')),
    ...constant('r0', shape.channels + channel),
    'strb r4,[r2,r0]',
  ];
}

/** Saturates a result that is 128 too high. */
export function saturate(sum: string): string[] {
  return [`lsrs r0,${sum},#8`, 'beq 6f', `asrs ${sum},${sum},#31`, `mvns ${sum},${sum}`, `6: subs ${sum},#128`];
}

/** Twice the multiplication of numerics/short-requantization.ts: constants r5, r6 and r7; r0 is used. */
export function shortTail(sum: string, { fraction, shift }: ShortShifts): string[] {
  return [
    `movs r0,${sum}`,
    'muls r0,r6,r0',
    `asrs ${sum},${sum},#2`,
    `muls ${sum},r5,${sum}`,
    `asrs ${sum},${sum},#${fraction - 2}`,
    `adds ${sum},${sum},r0`,
    `adds ${sum},${sum},r7`,
    `asrs ${sum},${sum},#${shift}`,
  ];
}

/** The upper word of sum * (r6:r5), exactly: four products of 16 bits. */
function longTail(sum: string, { shift }: ShortShifts): string[] {
  const other = sum === 'r3' ? 'r4' : 'r3';
  return [
    `uxth r2,${sum}`,
    `asrs ${sum},${sum},#16`,
    'movs r0,r2',
    'muls r0,r5,r0',
    'lsrs r0,r0,#16',
    'muls r2,r6,r2',
    'adds r2,r2,r0',
    `movs ${other},${sum}`,
    `muls ${other},r5,${other}`,
    `adds r2,r2,${other}`,
    'asrs r2,r2,#16',
    `muls ${sum},r6,${sum}`,
    `adds ${sum},${sum},r2`,
    `adds ${sum},${sum},r7`,
    `asrs ${sum},${sum},#${shift}`,
  ];
}
