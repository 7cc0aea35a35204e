/**
 * Armv7-M (Cortex-M3): two pixels times two channels, all inputs, requantized and stored. A weight meets both pixels in one MLA;
 * after four weights the halves are parted: A sums the words whole, U their upper halves.
 */

import { immediate, SAVED_BYTES, schedule, subtract } from '../arm-dsp/assembly.js';
import type { Mode, SurplusForm, TailForm } from '../packed/stream.js';
import { commonShift, fixedPointFor } from '../requantization-plan.js';
import type { ArmCore } from './core.js';
import type { GemmShape } from './gemm.js';

export const v7m: ArmCore = {
  name: 'v7m',
  weightOffset: 0,
  parting: -0x8000,
  groupWords: 4,
  wordOf: (position) => position,
  forms: ({ channels }) => {
    const shift = commonShift(channels);
    return shift === undefined ? [] : [{ kind: 'fixed', shift, fraction: 0, cost: 20 }];
  },
  solve: ({ channels, zeroPoint, low, high }, channel, { shift }) => {
    const found = fixedPointFor(channels[channel]!, shift, 0, zeroPoint, low, high);
    return found === undefined ? undefined : { tweak: found.tweak, words: [found.multiplier, found.addend] };
  },
};

/** Groups of four inputs that are written out. */
export const UNROLL_V7M = 10;

/** Bytes of stack: the registers, the end of the stream and of the inputs. */
export const V7M_STACK = SAVED_BYTES + 8;

/**
 * r0 x, r1 stream, r2 to r5 inputs, r6 weight, r7 both sums of a group, r8 and r9 A and U of channel 0, r10 and r11 of channel 1,
 * r12 output, lr 2^15; [sp] end of the stream, [sp, 4] where the inputs of the loop end.
 */
export function v7mInstructions(shape: GemmShape, mode: Mode): string[] {
  const { unrolled, rounds, rest } = schedule(shape.inner / 4, UNROLL_V7M);
  const loop = rounds > 1;
  const groups = (count: number) => Array.from({ length: count }, () => group(mode.flush)).flat();
  return [
    'push {r4-r11,lr}',
    ...(loop ? [...immediate('r4', rounds * unrolled * 16), 'add r4,r0,r4'] : []),
    'push {r3,r4}',
    'mov r12,r2',
    'mov lr,#0x8000',
    '1: ldm r1!,{r8,r10}',
    ...addPartings('r9', 'r8', shape.inner / mode.flush),
    ...addPartings('r11', 'r10', shape.inner / mode.flush),
    'add r8,r8,r9,lsl #16',
    'add r10,r10,r11,lsl #16',
    ...(loop ? ['2:', ...groups(unrolled), 'ldr r6,[sp,#4]', 'cmp r0,r6', 'bne.w 2b'] : groups(unrolled)),
    ...groups(rest),
    ...subtract('r0', 4 * shape.inner, 'r6'),
    ...(mode.flush === 4 ? surplus(shape.surplus) : []),
    'sub r8,r8,r9,lsl #16',
    'sub r10,r10,r11,lsl #16',
    ...(mode.form === undefined ? ['stm r12!,{r8-r11}'] : fixedTail(shape, mode.form)),
    'ldr r2,[sp]',
    'cmp r1,r2',
    'bne.w 1b',
    'add sp,#8',
    'pop {r4-r11,pc}',
  ];
}

/** U starts where A does, but without the 2^15 of each parting. */
function addPartings(to: string, from: string, count: number): string[] {
  const bits = count.toString(2).replace(/0+$/, '').length;
  if (bits <= 8) return [`add ${to},${from},#${count * 0x8000}`];
  return [...immediate('r6', count * 0x8000), `add ${to},${from},r6`];
}

/** Four inputs of both channels. */
function group(flush: 4 | 2): string[] {
  const channel = (whole: string, upper: string) =>
    [0, 1, 2, 3].flatMap((k) => [
      'ldrsb r6,[r1],#1',
      `mla r7,r${2 + k},r6,${k % flush === 0 ? 'lr' : 'r7'}`,
      ...(k % flush === flush - 1 ? [`add ${whole},${whole},r7`, `add ${upper},${upper},r7,asr #16`] : []),
    ]);
  return ['ldm r0!,{r2-r5}', ...channel('r8', 'r9'), ...channel('r10', 'r11')];
}

/** The lists of surplus weights of both channels. */
function surplus(form: SurplusForm): string[] {
  if (form === 'none') return [];
  const bytes = form === 'bytes';
  const [load, loadSigned, size] = bytes ? ['ldrb', 'ldrsb', 1] : ['ldrh', 'ldrsh', 2];
  const list = (count: string, whole: string, upper: string) => [
    `cbz ${count},4f`,
    'mov r7,lr',
    `3: ${load} r2,[r1],#${size}`,
    `${loadSigned} r3,[r1],#${size}`,
    `ldr r2,[r0,r2${bytes ? ',lsl #2' : ''}]`,
    `subs ${count},${count},#1`,
    'mla r7,r2,r3,r7',
    'bne 3b',
    `add ${whole},${whole},r7`,
    `sub ${whole},${whole},lr`,
    `add ${upper},${upper},r7,asr #16`,
    '4:',
  ];
  return [
    `${load} r6,[r1],#${size}`,
    `${load} r5,[r1],#${size}`,
    ...list('r6', 'r8', 'r9'),
    ...list('r5', 'r10', 'r11'),
    ...(bytes ? ['add r1,r1,#3', 'bic r1,r1,#3'] : []),
  ];
}

function fixedTail({ channels }: GemmShape, { shift }: TailForm): string[] {
  return [
    'ldm r1!,{r2-r5}',
    'smull r6,r8,r8,r2',
    'smull r6,r9,r9,r2',
    'smull r6,r10,r10,r4',
    'smull r6,r11,r11,r4',
    'add r8,r8,r3',
    'add r9,r9,r3',
    'add r10,r10,r5',
    'add r11,r11,r5',
    ...['r8', 'r9', 'r10', 'r11'].map((r) => `ssat ${r},#8,${r},asr #${shift}`),
    `strb r9,[r12,#${channels}]`,
    `strb r11,[r12,#${channels + 1}]`,
    'strb r10,[r12,#1]',
    'strb r8,[r12],#2',
  ];
}
