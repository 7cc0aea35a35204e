/** RV32IM: 3x3 windows, stride 1 along the row, of one channel in a plane of bytes. */
import type { RotatingShape } from '../packed/depthwise.js';
import { add, clamp, framed } from './assembly.js';

const WEIGHTS = ['s2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10'];
/** In the eight registers that compressed instructions reach. */
const SUMS = ['s0', 's1', 'a5'];

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
