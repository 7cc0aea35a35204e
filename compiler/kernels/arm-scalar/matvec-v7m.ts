/** Armv7-M: four channels of one row; a product serves two channels, whose weights lie in the halves of a word. */
import { immediate, SAVED_BYTES, schedule } from '../arm-dsp/assembly.js';
import type { MatvecShape } from '../packed/matvec-call.js';
import type { TailForm } from '../packed/stream.js';

/** Inputs that are written out. */
export const MATVEC_UNROLL = 32;

export const MATVEC_V7M_STACK = SAVED_BYTES + 20;

/**
 * Called with the inputs, the stream, the output, the end of the stream and, on the stack, the first words of the groups.
 * r0 x, r1 stream, r2 input, r3 to r5 weights, r6 and r7 sums of a group of both pairs, r8 to r11 A and U of both pairs, r12 words of
 * the groups or the sum of a group's inputs, lr mask; [sp] x, [sp, 4] output, [sp, 8] end of the stream, [sp, 12] where the inputs of the loop end, [sp, 16] r12.
 */
export function matvecV7m(shape: MatvecShape, form: TailForm | undefined): string[] {
  const { inner, flush } = shape;
  const { unrolled, rounds, rest } = schedule(Math.floor(inner / flush), MATVEC_UNROLL / flush);
  const summed = shape.groups === 'summed';
  const groups = (count: number) => Array.from({ length: count }, () => group(flush, summed)).flat();
  const loop = rounds > 1;
  return [
    'push {r4-r11,lr}',
    `ldr r12,[sp,#${SAVED_BYTES}]`,
    ...(loop ? [...immediate('r4', rounds * unrolled * flush), 'add r4,r0,r4'] : []),
    'sub sp,#20',
    'strd r0,r2,[sp]',
    'strd r3,r4,[sp,#8]',
    'str r12,[sp,#16]',
    'mov lr,#0x00ff00ff',
    '1: ldm r1!,{r8-r11}',
    ...(loop ? ['2:', ...groups(unrolled), 'ldr r2,[sp,#12]', 'cmp r0,r2', 'bne.w 2b'] : groups(unrolled)),
    ...groups(rest),
    ...(inner % flush === 0 ? [] : group(inner % flush, summed)),
    'ldr r0,[sp]',
    'sub r8,r8,r9,lsl #16',
    'sub r10,r10,r11,lsl #16',
    ...surplus(shape),
    ...(form === undefined ? ['ldr r2,[sp,#4]', 'stm r2!,{r8-r11}'] : fixedTail(form)),
    'str r2,[sp,#4]',
    'ldr r12,[sp,#16]',
    'ldr r3,[sp,#8]',
    'cmp r1,r3',
    'bne.w 1b',
    'add sp,#20',
    'pop {r4-r11,pc}',
  ];
}

/** So many inputs of both pairs. */
function group(inputs: number, summed: boolean): string[] {
  const sum = (input: number) => (summed ? [input === 0 ? 'mov r12,r2' : 'add r12,r12,r2'] : []);
  const two = Array.from({ length: Math.ceil(inputs / 2) }, (_, i) => [
    'ldm r1!,{r4,r5}',
    'ldrsb r2,[r0],#1',
    ...sum(2 * i),
    'and r3,lr,r4',
    'mla r6,r2,r3,r6',
    'and r3,lr,r5',
    'mla r7,r2,r3,r7',
    ...(2 * i + 1 < inputs
      ? [
          'ldrsb r2,[r0],#1',
          ...sum(2 * i + 1),
          'and r4,lr,r4,lsr #8',
          'mla r6,r2,r4,r6',
          'and r5,lr,r5,lsr #8',
          'mla r7,r2,r5,r7',
        ]
      : []),
  ]).flat();
  return [
    summed ? 'mov r6,#0x8000' : 'ldr r6,[r12],#4',
    'mov r7,r6',
    ...two,
    ...(summed ? ['mov r2,#0x00800080', 'mls r6,r12,r2,r6', 'mls r7,r12,r2,r7'] : []),
    'add r8,r8,r6',
    'add r9,r9,r6,asr #16',
    'add r10,r10,r7',
    'add r11,r11,r7,asr #16',
  ];
}

/** The lists of surplus weights of the four channels. */
function surplus({ surplus: form }: MatvecShape): string[] {
  if (form === 'none') return [];
  const [load, loadSigned, size] = form === 'bytes' ? ['ldrb', 'ldrsb', 1] : ['ldrh', 'ldrsh', 2];
  const list = (sum: string, i: number) => [
    `ubfx r3,r2,#${8 * i},#8`,
    'cbz r3,4f',
    `3: ${load} r4,[r1],#${size}`,
    `${loadSigned} r5,[r1],#${size}`,
    'ldrsb r4,[r0,r4]',
    'subs r3,r3,#1',
    `mla ${sum},r4,r5,${sum}`,
    'bne 3b',
    '4:',
  ];
  return [
    'ldr r2,[r1],#4',
    'cmp r2,#0',
    'beq.w 5f',
    ...['r8', 'r9', 'r10', 'r11'].flatMap(list),
    ...(form === 'bytes' ? ['add r1,r1,#3', 'bic r1,r1,#3'] : []),
    '5:',
  ];
}

function fixedTail({ shift }: TailForm): string[] {
  const sums = ['r8', 'r9', 'r10', 'r11'];
  return [
    'ldm r1!,{r2-r7}',
    ...sums.map((sum, i) => `smull r12,${sum},${sum},r${2 + i}`),
    'add r8,r8,r6',
    'add r9,r9,r7',
    'ldm r1!,{r6,r7}',
    'add r10,r10,r6',
    'add r11,r11,r7',
    ...sums.map((sum) => `ssat ${sum},#8,${sum},asr #${shift}`),
    'ldr r2,[sp,#4]',
    'strb r9,[r2,#1]',
    'strb r10,[r2,#2]',
    'strb r11,[r2,#3]',
    'strb r8,[r2],#4',
  ];
}
