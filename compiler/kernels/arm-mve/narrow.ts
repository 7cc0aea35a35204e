/** Copies of windows whose rows are short: each row is one predicated vector, and a run of windows takes no other instructions. */
import { assemblyFunction, immediate } from '../arm-dsp/assembly.js';
import { type Geometry, leaves, spanHeight, spanWidth } from './geometry.js';

/** Pointers of the rows of taps. */
const ROWS = ['r0', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11'];

/** Bytes behind the last copy that the copy of a window at the border may set. */
export const NARROW_SLACK = 16;

function rowBytes(g: Geometry): number {
  return g.kernelWidth * g.inChannels;
}

export function isNarrow(g: Geometry): boolean {
  return (
    g.dilationWidth === 1 && rowBytes(g) <= 16 && g.kernelHeight <= ROWS.length && g.strideWidth * g.inChannels <= 127
  );
}

/** First output column whose window lies within the columns of the image, and how many follow. */
export function insideColumns(g: Geometry): [number, number] {
  const inside = Array.from({ length: g.outWidth }, (_, column) => column * g.strideWidth - g.padLeft).map(
    (start) => start >= 0 && start + spanWidth(g) <= g.inWidth,
  );
  return [Math.max(0, inside.indexOf(true)), inside.filter((whole) => whole).length];
}

export function gatherName(name: string): string {
  return `${name}_gather`;
}

/** Copies `count` windows within the image, from the one whose first tap is at x. */
export function gatherFunction(name: string, g: Geometry): string[] {
  const prototype = `void ${gatherName(name)}(const int8_t *x, int8_t *to, int32_t count)`;
  return [
    '/* Copies windows that lie within a row of the image. */',
    `${prototype};`,
    '',
    '#if NANOC_MVE_ASSEMBLY',
    '',
    ...assemblyFunction(gatherName(name), gatherInstructions(g)),
    '',
    '#else',
    '',
    `${prototype} {`,
    '  for (; count > 0; count--, x += STRIDE_W * IN_C, to += PITCH) {',
    '    for (int32_t ky = 0; ky < KERNEL_H; ky++) {',
    '      (void)memcpy(to + ky * ROW, x + ky * DILATION_H * IN_W * IN_C, ROW);',
    '    }',
    '  }',
    '}',
    '',
    '#endif',
  ];
}

function gatherInstructions(g: Geometry): string[] {
  const rows = ROWS.slice(0, g.kernelHeight);
  const pitch = 16 * Math.ceil((g.kernelHeight * rowBytes(g)) / 16);
  const moves = rows.flatMap((pointer, ky) => {
    const step = ky === rows.length - 1 ? pitch - ky * rowBytes(g) : rowBytes(g);
    const vector = `q${ky % 2}`;
    return [`vldrbt.u8 ${vector},[${pointer}],#${g.strideWidth * g.inChannels}`, `vstrbt.8 ${vector},[r1],#${step}`];
  });
  // A VPT block holds four instructions.
  const blocks = Array.from({ length: Math.ceil(moves.length / 4) }, (_, i) => moves.slice(4 * i, 4 * i + 4));
  return [
    'push {r4-r11,lr}',
    'dls lr,r2',
    ...(rows.length > 1 ? immediate('r12', g.dilationHeight * g.inWidth * g.inChannels) : []),
    ...rows.slice(1).map((pointer, i) => `add ${pointer},${rows[i]},r12`),
    `movs r2,#${rowBytes(g)}`,
    'vctp.8 r2',
    '1:',
    ...blocks.flatMap((block) => [`vps${'t'.repeat(block.length)}`, ...block]),
    'le lr,1b',
    'pop {r4-r11,pc}',
  ];
}

/** `window`: copies one window that leaves the image; what lies outside holds the zero point. */
export function borderFunction(): string[] {
  return [
    '/* Copies one window that leaves the image. */',
    'static void window(const int8_t *row, int32_t iy, int32_t ix, int8_t *to, int32_t zero) {',
    '  const int32_t above = nanoc_clamp((DILATION_H - 1 - iy) / DILATION_H, 0, KERNEL_H);',
    '  const int32_t end = nanoc_clamp((IN_H - iy + DILATION_H - 1) / DILATION_H, above, KERNEL_H);',
    '  const int32_t left = nanoc_clamp(-ix, 0, KERNEL_W) * IN_C;',
    '  const int32_t right = nanoc_clamp(IN_W - ix, 0, KERNEL_W) * IN_C;',
    '  const nanoc_mve_border border = {above, end - above, KERNEL_H - end, DILATION_H * IN_W * IN_C, ROW};',
    '  const uint32_t mask = ((1u << right) - 1u) & ~((1u << left) - 1u);',
    '  nanoc_mve_copy_border(to, row + above * DILATION_H * IN_W * IN_C, &border, mask, zero);',
    '}',
  ];
}

/** The statements that take the next windows of an output row into the copies; `ox` and `slot` move on. */
export function takeLines(name: string, g: Geometry): string[] {
  const [first, count] = insideColumns(g);
  const gather = [
    `          const int32_t room = SLOTS - slot;`,
    `          const int32_t left = ${first + count} - ox;`,
    '          const int32_t taken = left < room ? left : room;',
    `          ${gatherName(name)}(x + (iy * IN_W + ix) * IN_C, scratch + slot * PITCH, taken);`,
    '          slot += taken;',
    '          ox += taken;',
  ];
  if (!leaves(g)) return ['        {', ...gather, '        }'];
  const border = [
    '          window(x + (iy * IN_W + ix) * IN_C, iy, ix, scratch + slot * PITCH, params->x_zero);',
    '          slot++;',
    '          ox++;',
  ];
  if (count === 0) return ['        {', ...border, '        }'];
  const inside = `iy >= 0 && iy + ${spanHeight(g)} <= IN_H && ox >= ${first} && ox < ${first + count}`;
  return [`        if (${inside}) {`, ...gather, '        } else {', ...border, '        }'];
}
