/** Armv7-M: 3x3 windows, stride 1 along the row, of one channel in a plane of bytes. */
import { immediate, SAVED_BYTES } from '../arm-dsp/assembly.js';
import type { RotatingShape } from '../packed/depthwise.js';

export const ROTATING_STACK = SAVED_BYTES + 16;

/**
 * Called with the plane, the output, the channel's words and the number of rows. r0 to r8 the weights times 256, r9 to r11 three
 * sums, r12 input and others, lr plane; [sp] output, [sp, 4] rows left, [sp, 8] start of a sum, [sp, 12] multiplier.
 */
export function rotatingInstructions(shape: RotatingShape): string[] {
  const { pitch, outputs, rowBytes, stride } = shape;
  const weights = ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8'];
  return [
    'push {r4-r11,lr}',
    'mov lr,r0',
    'mov r12,r2',
    'ldrd r4,r5,[r2]',
    'push {r1,r3,r4,r5}',
    ...weights.flatMap((w, i) => [`ldrsb ${w},[r12,#${8 + i}]`, `lsl ${w},${w},#8`]),
    '1:',
    ...Array.from({ length: outputs + 2 }, (_, column) => rotatingColumn(column, shape)).flat(),
    'ldr r12,[sp]',
    ...addTo('r12', rowBytes),
    'str r12,[sp]',
    ...addTo('lr', stride * pitch),
    'ldr r12,[sp,#4]',
    'subs r12,r12,#1',
    'str r12,[sp,#4]',
    'bne.w 1b',
    'add sp,#16',
    'pop {r4-r11,pc}',
  ];
}

function addTo(register: string, value: number): string[] {
  if (value <= 4095) return [`addw ${register},${register},#${value}`];
  return [...immediate('r9', value), `add ${register},${register},r9`];
}

/** A column of the plane takes part in three outputs: it ends one, goes on with the next and starts another. */
function rotatingColumn(column: number, { pitch, outputs, channels, shift }: RotatingShape): string[] {
  const sum = (output: number) => `r${9 + (output % 3)}`;
  const lines: string[] = [];
  if (column < outputs) lines.push(`ldr ${sum(column)},[sp,#8]`);
  for (let ky = 0; ky < 3; ky += 1) {
    lines.push(`ldrsb r12,[lr,#${ky * pitch + column}]`);
    for (let kx = 2; kx >= 0; kx -= 1) {
      const output = column - kx;
      if (output >= 0 && output < outputs) lines.push(`mla ${sum(output)},r12,r${3 * ky + kx},${sum(output)}`);
    }
  }
  const ended = column - 2;
  if (ended < 0) return lines;
  const a = sum(ended);
  return [
    ...lines,
    'ldr r12,[sp,#12]',
    `smull r12,${a},${a},r12`,
    `ssat ${a},#8,${a},asr #${shift}`,
    'ldr r12,[sp]',
    `strb ${a},[r12,#${ended * channels}]`,
  ];
}
