/** Armv6-M: four channels of one row; a product serves two channels, whose weights lie in the halves of a word. */
import { schedule } from '../arm-dsp/assembly.js';
import type { MatvecShape } from '../packed/matvec-call.js';
import type { TailForm } from '../packed/stream.js';
import { constant, saturate, shortTail } from './gemm-v6m.js';

/** Inputs that are written out, so that the branch of their loop reaches. */
export const MATVEC_UNROLL = 32;

const SAVED_BYTES = 36;
const FRAME_BYTES = 28;
export const MATVEC_V6M_STACK = SAVED_BYTES + FRAME_BYTES;

const OUTPUT = '[sp]';
const STREAM_END = '[sp,#4]';
const INPUTS = '[sp,#8]';
const INPUTS_END = '[sp,#12]';
const GROUPS = '[sp,#16]';
const WIDE = '[sp,#20]';
const MASK = '[sp,#24]';

/**
 * Called with the inputs, the stream, the output, the end of the stream and, on the stack, the words of the groups and the wide inputs.
 * r0 x, r1 stream, r2 and r3 inputs, r4 and r5 weights, r6 and r7 sums of a group of both pairs, r8 to r11 A and U of both pairs, r12
 * mask, lr words of the groups. Wide: r0 wide inputs, r7 mask, since the pairs have their turns, r12 the word of a group.
 */
export function matvecV6m(shape: MatvecShape, form: TailForm | undefined): string[] {
  const { inner, flush, wide } = shape;
  const { unrolled, rounds, rest } = schedule(Math.floor(inner / flush), MATVEC_UNROLL / flush);
  const loop = rounds > 1;
  const roundBytes = unrolled * (wide ? 4 * flush : flush);
  const tail = inner % flush === 0 ? [] : [inner % flush];
  const own = wide ? wideGroups : groups;
  return [
    ...entry(wide, loop ? rounds * roundBytes : 0),
    `1: ldr r4,${GROUPS}`,
    'mov lr,r4',
    ...(wide ? [`ldr r0,${WIDE}`, `ldr r7,${MASK}`] : []),
    'ldm r1!,{r2-r5}',
    ...['r8', 'r9', 'r10', 'r11'].map((high, i) => `mov ${high},r${2 + i}`),
    ...(loop ? ['2:'] : []),
    ...own(Array(unrolled).fill(flush)),
    ...(loop ? [`ldr r4,${INPUTS_END}`, 'cmp r0,r4', 'beq 3f', 'b 2b', '3:'] : []),
    ...own([...Array(rest).fill(flush), ...tail]),
    `ldr r0,${INPUTS}`,
    ...part('r8', 'r9'),
    ...part('r10', 'r11'),
    ...surplus(shape),
    ...(form === undefined ? storeSums() : fixedTail(form)),
    `ldr r0,${INPUTS}`,
    `ldr r4,${STREAM_END}`,
    'cmp r1,r4',
    'beq 9f',
    // Reaches further than b; lr is loaded anew.
    'bl 1b',
    `9: add sp,#${FRAME_BYTES}`,
    'pop {r4-r7}',
    ...['r8', 'r9', 'r10', 'r11'].map((high, i) => `mov ${high},r${4 + i}`),
    'pop {r4-r7,pc}',
  ];
}

function entry(wide: boolean, loopBytes: number): string[] {
  return [
    'push {r4-r7,lr}',
    ...['r8', 'r9', 'r10', 'r11'].map((high, i) => `mov r${4 + i},${high}`),
    'push {r4-r7}',
    `ldr r4,[sp,#${SAVED_BYTES}]`,
    ...(wide ? [`ldr r5,[sp,#${SAVED_BYTES + 4}]`] : []),
    `sub sp,#${FRAME_BYTES}`,
    `str r2,${OUTPUT}`,
    `str r3,${STREAM_END}`,
    `str r0,${INPUTS}`,
    `str r4,${GROUPS}`,
    ...(wide ? [`str r5,${WIDE}`] : []),
    ...(loopBytes === 0
      ? []
      : [...constant('r4', loopBytes), `adds r4,${wide ? 'r5' : 'r0'},r4`, `str r4,${INPUTS_END}`]),
    'movs r4,#255',
    'lsls r5,r4,#16',
    'adds r4,r4,r5',
    ...(wide ? [`str r4,${MASK}`] : ['mov r12,r4']),
  ];
}

/** Groups of so many inputs each; byte loads reach 31 bytes from the pointer. */
function groups(sizes: readonly number[]): string[] {
  const lines: string[] = [];
  let offset = 0;
  sizes.forEach((size, i) => {
    lines.push(...groupWord('r4'), 'movs r7,r6');
    for (let k = 0; k < size; k += 2) {
      const both = k + 1 < size;
      lines.push(...bytes(offset + k, both), ...products(both));
    }
    lines.push(...parting('r6', 'r8', 'r9'), ...parting('r7', 'r10', 'r11'));
    offset += size;
    const next = sizes[i + 1];
    if (next !== undefined && offset + next <= 32) return;
    lines.push(`adds r0,#${offset}`);
    offset = 0;
  });
  return lines;
}

/** The next word of the groups, in r6. */
function groupWord(temporary: string): string[] {
  return [`mov ${temporary},lr`, `ldm ${temporary}!,{r6}`, `mov lr,${temporary}`];
}

/** The same of wide inputs: a word of weights times x, its odd bytes times the next input less 256 x. */
function wideGroups(sizes: readonly number[]): string[] {
  const pair = (size: number) =>
    Array.from({ length: Math.ceil(size / 2) }, (_, i) =>
      2 * i + 1 < size
        ? [
            'ldm r0!,{r2,r3}',
            'ldm r1!,{r4}',
            'lsrs r5,r4,#8',
            'ands r5,r7',
            'muls r4,r2,r4',
            'adds r6,r6,r4',
            'muls r5,r3,r5',
            'adds r6,r6,r5',
          ]
        : ['ldm r0!,{r2}', 'ldm r1!,{r4}', 'muls r4,r2,r4', 'adds r6,r6,r4'],
    ).flat();
  return sizes.flatMap((size) => [
    ...groupWord('r5'),
    'mov r12,r6',
    ...pair(size),
    ...parting('r6', 'r8', 'r9'),
    'mov r6,r12',
    `subs r0,#${4 * size}`,
    ...pair(size),
    ...parting('r6', 'r10', 'r11'),
  ]);
}

function bytes(offset: number, both: boolean): string[] {
  const load = (to: string, at: number) => [`ldrb ${to},[r0,#${at}]`, `sxtb ${to},${to}`];
  return [...load('r2', offset), ...(both ? load('r3', offset + 1) : [])];
}

/** One or two inputs of both pairs: the even bytes of a word belong to the first, the odd ones to the second. */
function products(both: boolean): string[] {
  return ['r6', 'r7'].flatMap((sum) => [
    'ldm r1!,{r5}',
    'mov r4,r12',
    'ands r4,r5',
    ...(both ? ['subs r5,r5,r4'] : []),
    'muls r4,r2,r4',
    `adds ${sum},${sum},r4`,
    ...(both ? ['lsrs r5,r5,#8', 'muls r5,r3,r5', `adds ${sum},${sum},r5`] : []),
  ]);
}

function parting(sum: string, whole: string, upper: string): string[] {
  return [`add ${whole},${sum}`, `asrs ${sum},${sum},#16`, `add ${upper},${sum}`];
}

/** Leaves the first channel's sum in `whole`. */
function part(whole: string, upper: string): string[] {
  return [`mov r2,${upper}`, 'lsls r2,r2,#16', `mov r3,${whole}`, 'subs r3,r3,r2', `mov ${whole},r3`];
}

/** The lists of surplus weights of the four channels. */
function surplus({ surplus: form }: MatvecShape): string[] {
  if (form === 'none') return [];
  const inBytes = form === 'bytes';
  const [load, size] = inBytes ? ['ldrb', 1] : ['ldrh', 2];
  const list = (sum: string) => [
    'uxtb r3,r2',
    'lsrs r2,r2,#8',
    'cmp r3,#0',
    'beq 5f',
    `4: ${load} r4,[r1]`,
    `${load} r5,[r1,#${size}]`,
    `adds r1,#${2 * size}`,
    `${inBytes ? 'sxtb' : 'sxth'} r5,r5`,
    'ldrsb r4,[r0,r4]',
    'muls r5,r4,r5',
    `add ${sum},r5`,
    'subs r3,#1',
    'bne 4b',
    '5:',
  ];
  return [
    'ldm r1!,{r2}',
    'cmp r2,#0',
    'beq 6f',
    ...['r8', 'r9', 'r10', 'r11'].flatMap(list),
    ...(inBytes ? ['adds r1,#3', 'movs r2,#3', 'bics r1,r1,r2'] : []),
    '6:',
  ];
}

function storeSums(): string[] {
  return [
    `ldr r2,${OUTPUT}`,
    ...['r8', 'r9', 'r10', 'r11'].map((high, i) => `mov r${3 + i},${high}`),
    'stm r2!,{r3-r6}',
    `str r2,${OUTPUT}`,
  ];
}

function fixedTail(form: TailForm): string[] {
  return [
    `ldr r2,${OUTPUT}`,
    ...['r8', 'r9', 'r10', 'r11'].flatMap((sum, i) => [
      'ldm r1!,{r5,r7}',
      'lsrs r6,r5,#16',
      'uxth r5,r5',
      `mov r3,${sum}`,
      ...shortTail('r3', form),
      ...saturate('r3'),
      `strb r3,[r2,#${i}]`,
    ]),
    'adds r2,#4',
    `str r2,${OUTPUT}`,
  ];
}
