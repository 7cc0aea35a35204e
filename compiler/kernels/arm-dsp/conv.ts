/** Convolutions and matrix products with the SMLAD kernels: the taps of two output pixels are widened, then multiplied. */
import type { GeneratedSource } from '../../ir/kernel-call.js';
import { type GemmShape, gemmName, gemmSource, prototype } from './gemm.js';
import { type Packing, paddedInner, type Segment } from './stream.js';

export interface DspConvShape {
  readonly batches: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly packing: Packing;
  /** Inputs behind those of a window that carry their sum. */
  readonly sumLanes: number;
  readonly shift: number;
  /** Which of the two requantizations the layer has. */
  readonly kinds: readonly Segment['kind'][];
  /** The activation has bounds of its own. */
  readonly clamps: boolean;
}

export interface DspConv {
  readonly function: string;
  readonly header: string;
  readonly generated: readonly GeneratedSource[];
  readonly scratchBytes: number;
}

/** Offsets in the scratch, in bytes: wide inputs, copies of taps, rows at the border, the outputs of a last single pixel. */
interface ScratchLayout {
  readonly copies: number;
  readonly borders: number;
  readonly spare: number;
  readonly bytes: number;
}

export function generateConv(shape: DspConvShape): DspConv {
  const name = functionName(shape);
  const gemm = gemmShapeOf(shape);
  const kernels = shape.kinds.map((kind) => gemmSource(gemm, kind));
  const header = `nanoc/generated/${name}.h`;
  return {
    function: name,
    header,
    generated: [
      { path: `include/${header}`, content: headerText(name) },
      { path: `src/${name}.c`, content: sourceText(name, header, shape) },
      ...kernels,
    ],
    scratchBytes: scratchLayout(shape).bytes,
  };
}

function gemmShapeOf(shape: DspConvShape): GemmShape {
  const inner = paddedInner(innerOf(shape)) + shape.sumLanes;
  return { packing: shape.packing, inner, channels: shape.outChannels, shift: shape.shift };
}

function innerOf(shape: DspConvShape): number {
  return shape.kernelHeight * shape.kernelWidth * shape.inChannels;
}

function rowBytes(shape: DspConvShape): number {
  return shape.kernelWidth * shape.inChannels;
}

/** Whole rows of the window can be widened where they lie; else the taps are first copied one behind the other. */
function widensRows(shape: DspConvShape): boolean {
  return rowBytes(shape) % 4 === 0;
}

function pads(shape: DspConvShape): boolean {
  const {
    padTop,
    padLeft,
    outHeight,
    outWidth,
    strideHeight,
    strideWidth,
    kernelHeight,
    kernelWidth,
    inHeight,
    inWidth,
  } = shape;
  const bottom = (outHeight - 1) * strideHeight - padTop + kernelHeight > inHeight;
  const right = (outWidth - 1) * strideWidth - padLeft + kernelWidth > inWidth;
  return padTop > 0 || padLeft > 0 || bottom || right;
}

/** Taps that are missing at the left or right of a window, over all columns of the output; one number each if `even`. */
interface Clips {
  readonly left: number;
  readonly right: number;
  readonly even: boolean;
}

function clipsOf({ outWidth, strideWidth, padLeft, kernelWidth, inWidth }: DspConvShape): Clips {
  const lefts = new Set<number>();
  const rights = new Set<number>();
  let both = false;
  for (let ox = 0; ox < outWidth; ox += 1) {
    const start = ox * strideWidth - padLeft;
    if (start < 0) lefts.add(-start);
    if (start + kernelWidth > inWidth) rights.add(start + kernelWidth - inWidth);
    if (start < 0 && start + kernelWidth > inWidth) both = true;
  }
  const largest = Math.max(0, ...lefts, ...rights);
  const even = lefts.size <= 1 && rights.size <= 1 && !both && largest < kernelWidth;
  return { left: [...lefts][0] ?? 0, right: [...rights][0] ?? 0, even };
}

/** Rows that are kept for windows at the border, for each of two pixels: all outside, left and right, or one of any kind. */
function borderRows(shape: DspConvShape): number {
  if (!pads(shape)) return 0;
  return clipsOf(shape).even ? 6 : 2;
}

function scratchLayout(shape: DspConvShape): ScratchLayout {
  const copies = 4 * (paddedInner(innerOf(shape)) + shape.sumLanes);
  const borders = copies + (widensRows(shape) ? 0 : 2 * paddedInner(innerOf(shape)));
  const spare = borders + borderRows(shape) * rowBytes(shape);
  const single = (shape.batches * shape.outHeight * shape.outWidth) % 2 === 1;
  return { copies, borders, spare, bytes: spare + (single ? 2 * shape.outChannels : 0) };
}

function functionName(shape: DspConvShape): string {
  const s = shape;
  const batch = s.batches === 1 ? '' : `${s.batches}x`;
  const window = `k${s.kernelHeight}x${s.kernelWidth}_s${s.strideHeight}x${s.strideWidth}_p${s.padTop}x${s.padLeft}`;
  const tail = `${s.kinds.join('_')}${s.kinds.includes('fixed') ? s.shift : ''}${s.clamps ? '_clamp' : ''}${s.sumLanes > 0 ? `_sum${s.sumLanes}` : ''}`;
  return `nanoc_conv${s.packing === 'bytes' ? '' : '16'}_dsp_${batch}${s.inHeight}x${s.inWidth}x${s.inChannels}_${s.outHeight}x${s.outWidth}x${s.outChannels}_${window}_${tail}`;
}

const ARGUMENTS = '(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_dsp_params *params)';

function headerText(name: string): string {
  const guard = `${name.toUpperCase()}_H`;
  return [
    `#ifndef ${guard}`,
    `#define ${guard}`,
    '',
    '#include "nanoc/dsp.h"',
    '',
    '/** Generated by nanoc for one shape. x and y as nanoc_conv_s8; scratch on a word. */',
    `void ${name}${ARGUMENTS};`,
    '',
    '#endif',
    '',
  ].join('\n');
}

function sourceText(name: string, header: string, shape: DspConvShape): string {
  const layout = scratchLayout(shape);
  const constants: [string, number][] = [
    ['BATCHES', shape.batches],
    ['IN_H', shape.inHeight],
    ['IN_W', shape.inWidth],
    ['IN_C', shape.inChannels],
    ['OUT_H', shape.outHeight],
    ['OUT_W', shape.outWidth],
    ['OUT_C', shape.outChannels],
    ['KERNEL_H', shape.kernelHeight],
    ['KERNEL_W', shape.kernelWidth],
    ['STRIDE_H', shape.strideHeight],
    ['STRIDE_W', shape.strideWidth],
    ['PAD_TOP', shape.padTop],
    ['PAD_LEFT', shape.padLeft],
    ['ROW', rowBytes(shape)],
    ['INNER', paddedInner(innerOf(shape))],
    ...(shape.sumLanes > 0 ? [['SUM_LANES', shape.sumLanes] as [string, number]] : []),
    ['COPIES', layout.copies],
    ['BORDERS', layout.borders],
    ['SPARE', layout.spare],
  ];
  return [
    `/* Generated by nanoc: ${shape.kernelHeight}x${shape.kernelWidth} convolution, two pixels and two channels at a time (docs/KERNELS.md). */`,
    `#include "${header}"`,
    '',
    'enum {',
    ...constants.map(([key, value]) => `  ${key} = ${value},`),
    '};',
    '',
    ...gemmPrototypes(shape),
    '',
    ...multiplyFunction(shape),
    '',
    ...gatherFunctions(shape),
    '',
    ...mainFunction(name, shape),
    '',
  ].join('\n');
}

function gemmPrototypes(shape: DspConvShape): string[] {
  const gemm = gemmShapeOf(shape);
  return shape.kinds.map((kind) => `${prototype(gemmName(gemm, kind), kind)};`);
}

/** All channels of two pixels. */
function multiplyFunction(shape: DspConvShape): string[] {
  const gemm = gemmShapeOf(shape);
  const fixed = `${gemmName(gemm, 'fixed')}(wide, p->stream + s[2], y + s[1], p->stream + s[3]);`;
  const exact = `${gemmName(gemm, 'exact')}(wide, p->stream + s[2], y + s[1], p->stream + s[3], p->y_zero);`;
  const call =
    shape.kinds.length === 2
      ? ['    if (s[0] == 0) {', `      ${fixed}`, '    } else {', `      ${exact}`, '    }']
      : [`    ${shape.kinds[0] === 'fixed' ? fixed : exact}`];
  return [
    '/* All channels of two pixels. */',
    'static void multiply(const uint32_t *wide, int8_t *y, const nanoc_dsp_params *p) {',
    '  const int32_t *s = p->segments;',
    '  for (int32_t i = 0; i < p->segment_count; i++, s += 4) {',
    ...call,
    '  }',
    ...(shape.clamps ? ['  nanoc_dsp_clamp(y, 2 * OUT_C, p->low, p->high);'] : []),
    '}',
  ];
}

function gatherFunctions(shape: DspConvShape): string[] {
  const each = widensRows(shape)
    ? ['    nanoc_dsp_widen2(a, b, wide, ROW / 4);', '    wide += ROW;']
    : ['    (void)memcpy(copy, a, ROW);', '    (void)memcpy(copy + INNER, b, ROW);', '    copy += ROW;'];
  const [before, after] = widensRows(shape)
    ? [['  uint32_t *wide = scratch;'], []]
    : [
        ['  int8_t *copy = (int8_t *)scratch + COPIES;'],
        ['  copy = (int8_t *)scratch + COPIES;', '  nanoc_dsp_widen2(copy, copy + INNER, scratch, INNER / 4);'],
      ];
  const row = (pixel: 0 | 1) =>
    pads(shape)
      ? `row_at(line${pixel}, at[${2 * pixel}] + ky, at[${2 * pixel + 1}], borders + ${pixel} * ROW, zero)`
      : `line${pixel}`;
  return [
    ...(pads(shape) ? [...rowFunction(shape), ''] : []),
    '/* The windows of two pixels, at[] being the rows and columns where they start, widened. */',
    'static void gather(const int8_t *x0, const int8_t *x1, const int32_t at[4], uint32_t *scratch, int32_t zero) {',
    ...before,
    ...(pads(shape) ? ['  int8_t *borders = (int8_t *)scratch + BORDERS;'] : ['  (void)zero;']),
    '  const int8_t *line0 = x0 + (at[0] * IN_W + at[1]) * IN_C;',
    '  const int8_t *line1 = x1 + (at[2] * IN_W + at[3]) * IN_C;',
    '  for (int32_t ky = 0; ky < KERNEL_H; ky++) {',
    `    const int8_t *a = ${row(0)};`,
    `    const int8_t *b = ${row(1)};`,
    ...each,
    '    line0 += IN_W * IN_C;',
    '    line1 += IN_W * IN_C;',
    '  }',
    ...after,
    ...(shape.sumLanes > 0 ? ['  nanoc_dsp_append_sums2(scratch, INNER, SUM_LANES);'] : []),
    '}',
  ];
}

/** One row of a window: where it lies, or a row of the border store with the missing taps at the zero point. */
function rowFunction(shape: DspConvShape): string[] {
  const { left, right, even } = clipsOf(shape);
  const head =
    'static const int8_t *row_at(const int8_t *line, int32_t iy, int32_t ix, int8_t *borders, int32_t zero) {';
  if (!even) {
    return [
      '/* One row of a window, where it lies or copied with the zero point for what is outside. */',
      head,
      '  if (iy >= 0 && iy < IN_H && ix >= 0 && ix + KERNEL_W <= IN_W) {',
      '    return line;',
      '  }',
      '  (void)memset(borders, zero, ROW);',
      '  if (iy >= 0 && iy < IN_H) {',
      '    const int32_t first = ix < 0 ? -ix : 0;',
      '    const int32_t last = ix + KERNEL_W > IN_W ? IN_W - ix : KERNEL_W;',
      '    if (first < last) {',
      '      (void)memcpy(borders + first * IN_C, line + first * IN_C, (size_t)((last - first) * IN_C));',
      '    }',
      '  }',
      '  return borders;',
      '}',
    ];
  }
  return [
    '/* One row of a window. Of the border rows, two for two pixels, the first are all zero point, the next lack taps on the left, the',
    ' * last on the right; their missing taps have been set once for all windows. */',
    head,
    '  (void)zero;',
    '  if ((uint32_t)iy >= (uint32_t)IN_H) {',
    '    return borders;',
    '  }',
    ...(left === 0
      ? []
      : [
          '  if (ix < 0) {',
          `    (void)memcpy(borders + 2 * ROW + ${left} * IN_C, line + ${left} * IN_C, ${(shape.kernelWidth - left) * shape.inChannels});`,
          '    return borders + 2 * ROW;',
          '  }',
        ]),
    ...(right === 0
      ? []
      : [
          '  if (ix > IN_W - KERNEL_W) {',
          `    (void)memcpy(borders + 4 * ROW, line, ${(shape.kernelWidth - right) * shape.inChannels});`,
          '    return borders + 4 * ROW;',
          '  }',
        ]),
    ...(left === 0 && right === 0 ? ['  (void)ix;'] : []),
    '  return line;',
    '}',
  ];
}

function mainFunction(name: string, shape: DspConvShape): string[] {
  const pixels = shape.batches * shape.outHeight * shape.outWidth;
  const advance = (row: string, column: string) => [
    `    ${column} += STRIDE_W;`,
    `    if (${column} == OUT_W * STRIDE_W - PAD_LEFT) {`,
    `      ${column} = -PAD_LEFT;`,
    `      ${row} += STRIDE_H;`,
    ...(shape.batches === 1
      ? []
      : [
          `      if (${row} == OUT_H * STRIDE_H - PAD_TOP) {`,
          `        ${row} = -PAD_TOP;`,
          '        x += IN_H * IN_W * IN_C;',
          '      }',
        ]),
    '    }',
  ];
  const pair = [
    '    const int8_t *first = x;',
    '    const int32_t first_y = iy;',
    '    const int32_t first_x = ix;',
    ...advance('iy', 'ix'),
    '    const int32_t at[4] = {first_y, first_x, iy, ix};',
    '    gather(first, x, at, scratch, params->x_zero);',
    '    multiply(scratch, y, params);',
    ...advance('iy', 'ix'),
    '    y += 2 * OUT_C;',
  ];
  const single = [
    '  const int32_t at[4] = {iy, ix, iy, ix};',
    '  int8_t *spare = (int8_t *)scratch + SPARE;',
    '  gather(x, x, at, scratch, params->x_zero);',
    '  multiply(scratch, spare, params);',
    '  (void)memcpy(y, spare, OUT_C);',
  ];
  return [
    `void ${name}${ARGUMENTS} {`,
    // What fills the copies up to four is summed too.
    ...(shape.sumLanes > 0 && !widensRows(shape) ? ['  (void)memset((int8_t *)scratch + COPIES, 0, 2 * INNER);'] : []),
    ...(borderRows(shape) === 6 ? ['  (void)memset((int8_t *)scratch + BORDERS, params->x_zero, 6 * ROW);'] : []),
    '  int32_t iy = -PAD_TOP;',
    '  int32_t ix = -PAD_LEFT;',
    `  for (int32_t pair = 0; pair < BATCHES * OUT_H * OUT_W / 2; pair++) {`,
    ...pair,
    '  }',
    ...(pixels % 2 === 1 ? single : []),
    '}',
  ];
}
