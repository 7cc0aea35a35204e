/** RV32IM: windows of one channel in a plane of bytes; 3x3 with stride 1 along the row share their columns. */
import { LONGEST_ROW, type PlaneWindowShape, type RotatingShape } from '../packed/depthwise.js';
import { add, clamp, framed, immediate } from './assembly.js';

const WEIGHTS = ['s2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10'];
/** In the eight registers that compressed instructions reach. */
const SUMS = ['s0', 's1', 'a5'];

/** Outputs of a strip, which stores reach with twelve bits. */
export function longestStrip(channels: number): number {
  return Math.min(LONGEST_ROW, Math.floor(2047 / channels) + 1);
}

/**
 * Called with the plane, the output, the channel's words and the number of rows. a0 plane, a1 output, a2 input, a3 rows left, a4 product,
 * t0 start of a sum, t1 multiplier, t2 and t3 bounds.
 */
export function rotatingInstructions(shape: RotatingShape): string[] {
  const { pitch, outputs, rowBytes, stride, low, high } = shape;
  return framed([
    'lw t0,0(a2)',
    'lw t1,4(a2)',
    ...WEIGHTS.flatMap((w, i) => [`lb ${w},${8 + i}(a2)`, `slli ${w},${w},8`]),
    `addi t2,x0,${low}`,
    `addi t3,x0,${high}`,
    '1:',
    ...Array.from({ length: outputs + 2 }, (_, column) => rotatingColumn(column, shape)).flat(),
    ...add('a1', rowBytes, 'a2'),
    ...add('a0', stride * pitch, 'a2'),
    'addi a3,a3,-1',
    'bnez a3,1b',
  ]);
}

/** A column of the plane takes part in three outputs: it ends one, goes on with the next and starts another. */
function rotatingColumn(column: number, { pitch, outputs, channels, shift }: RotatingShape): string[] {
  const sum = (output: number) => SUMS[output % 3]!;
  const lines: string[] = [];
  for (let ky = 0; ky < 3; ky += 1) {
    lines.push(`lb a2,${ky * pitch + column}(a0)`);
    for (let kx = 2; kx >= 0; kx -= 1) {
      const output = column - kx;
      if (output < 0 || output >= outputs) continue;
      const first = ky === 0 && kx === 0;
      lines.push(`mul a4,a2,${WEIGHTS[3 * ky + kx]}`, `add ${sum(output)},${first ? 't0' : sum(output)},a4`);
    }
  }
  const ended = column - 2;
  if (ended < 0) return lines;
  const a = sum(ended);
  return [
    ...lines,
    `mulh ${a},${a},t1`,
    `srai ${a},${a},${shift}`,
    ...clamp(a, 't2', 't3'),
    `sb ${a},${ended * channels}(a1)`,
  ];
}

/** Weights that are held in registers. With more taps some registers serve the others, which are loaded for each output. */
const HELD = ['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 'ra', 't6', 's11', 'a6', 'a7'];
const HELD_OF_MANY = 13;

/**
 * As above, any window. a5 the sum, t4 outputs left in the row, t5 plane under an output; with many taps s11 the sum of those that are
 * not held, which are not times 256, a6 the words, a7 a weight.
 */
export function windowInstructions(shape: PlaneWindowShape): string[] {
  const { taps, outputs, channels, columnStep, rowStep, low, high, shift } = shape;
  const held = taps.length <= HELD.length ? taps.length : HELD_OF_MANY;
  const loop = outputs > 1;
  const at = loop ? 't5' : 'a0';
  const products = taps.flatMap((offset, i) => {
    const load = `lb a2,${offset}(${at})`;
    if (i < held) return [load, `mul a4,a2,${HELD[i]}`, `add a5,${i === 0 ? 't0' : 'a5'},a4`];
    const weight = `lb a7,${8 + i}(a6)`;
    return i === held ? [load, weight, 'mul s11,a2,a7'] : [load, weight, 'mul a4,a2,a7', 'add s11,s11,a4'];
  });
  const output = [
    ...products,
    ...(held < taps.length ? ['slli s11,s11,8', 'add a5,a5,s11'] : []),
    'mulh a5,a5,t1',
    `srai a5,a5,${shift}`,
    ...clamp('a5', 't2', 't3'),
    'sb a5,0(a1)',
    ...add('a1', channels, 'a2'),
  ];
  return framed([
    'lw t0,0(a2)',
    'lw t1,4(a2)',
    ...HELD.slice(0, held).flatMap((w, i) => [`lb ${w},${8 + i}(a2)`, `slli ${w},${w},8`]),
    ...(held < taps.length ? ['mv a6,a2'] : []),
    `addi t2,x0,${low}`,
    `addi t3,x0,${high}`,
    '1:',
    ...(loop
      ? [
          'mv t5,a0',
          ...immediate('t4', outputs),
          '2:',
          ...output,
          ...add('t5', columnStep, 'a2'),
          'addi t4,t4,-1',
          'bnez t4,2b',
        ]
      : output),
    ...add('a0', rowStep, 'a2'),
    'addi a3,a3,-1',
    'bnez a3,1b',
  ]);
}
