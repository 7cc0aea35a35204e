/** Convolutions and matrix products with the SMLAD kernels: the taps of two output pixels are widened, then multiplied. */

import type { GeneratedSource } from '../../ir/kernel-call.js';
import { headerFile, headerOf } from '../header-file.js';
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

/** Offsets in the scratch, in bytes: behind the wide inputs the copies of taps or rows, whose place the outputs of a last single pixel take. */
interface ScratchLayout {
  readonly copies: number;
  readonly bytes: number;
}

export function generateConv(shape: DspConvShape): DspConv {
  const name = functionName(shape);
  const gemm = gemmShapeOf(shape);
  const kernels = shape.kinds.map((kind) => gemmSource(gemm, kind));
  const header = headerOf(name);
  return {
    function: name,
    header,
    generated: [
      headerFile(name, 'nanoc/dsp.h', [CONTRACT], `void ${name}${ARGUMENTS}`),
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

/** Every group of four inputs lies in one tap, so that what is outside the image needs no row of its own. */
function tapsAreGroups({ inChannels }: DspConvShape): boolean {
  return inChannels % 4 === 0;
}

/** Windows at the border are the work of a function that all such layers share. */
export function sharesBorder(shape: DspConvShape): boolean {
  return pads(shape) && widensRows(shape) && tapsAreGroups(shape);
}

const BORDER_SHAPE = 'static const nanoc_dsp_window_shape shape = {IN_H, IN_W, IN_C, KERNEL_H, KERNEL_W};';

/** Rows that a window at the border is put together in: one that lacks taps on the left, one on the right, or one of any kind. */
function borderRows(shape: DspConvShape): number {
  if (!pads(shape) || !widensRows(shape) || tapsAreGroups(shape)) return 0;
  const { left, right, even } = clipsOf(shape);
  if (!even) return 1;
  return left > 0 || right > 0 ? 2 : 0;
}

function scratchLayout(shape: DspConvShape): ScratchLayout {
  const copies = 4 * (paddedInner(innerOf(shape)) + shape.sumLanes);
  const taps = widensRows(shape) ? borderRows(shape) * rowBytes(shape) : 2 * paddedInner(innerOf(shape));
  const single = (shape.batches * shape.outHeight * shape.outWidth) % 2 === 1;
  return { copies, bytes: copies + Math.max(taps, single ? 2 * shape.outChannels : 0) };
}

function functionName(shape: DspConvShape): string {
  const s = shape;
  const batch = s.batches === 1 ? '' : `${s.batches}x`;
  const window = `k${s.kernelHeight}x${s.kernelWidth}_s${s.strideHeight}x${s.strideWidth}_p${s.padTop}x${s.padLeft}`;
  const tail = `${s.kinds.join('_')}${s.kinds.includes('fixed') ? s.shift : ''}${s.clamps ? '_clamp' : ''}${s.sumLanes > 0 ? `_sum${s.sumLanes}` : ''}`;
  return `nanoc_conv${s.packing === 'bytes' ? '' : '16'}_dsp_${batch}${s.inHeight}x${s.inWidth}x${s.inChannels}_${s.outHeight}x${s.outWidth}x${s.outChannels}_${window}_${tail}`;
}

const CONTRACT = 'Generated by nanoc for one shape. x and y as nanoc_conv_s8; scratch on a word.';
const ARGUMENTS = '(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_dsp_params *params)';

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
  const fixed = `${gemmName(gemm, 'fixed')}(wide, stream + s[2], y + s[1], stream + s[3]);`;
  const exact = `${gemmName(gemm, 'exact')}(wide, stream + s[2], y + s[1], stream + s[3], p->y_zero);`;
  const call =
    shape.kinds.length === 2
      ? ['    if (s[0] == 0) {', `      ${fixed}`, '    } else {', `      ${exact}`, '    }']
      : [`    ${shape.kinds[0] === 'fixed' ? fixed : exact}`];
  return [
    '/* All channels of two pixels. */',
    'static void multiply(const uint32_t *wide, int8_t *y, const nanoc_dsp_params *p) {',
    '  const uint32_t *const stream = p->stream;',
    '  const int32_t *const end = p->segments + 4 * p->segment_count;',
    '  for (const int32_t *s = p->segments; s != end; s += 4) {',
    ...call,
    '  }',
    ...(shape.clamps ? ['  nanoc_dsp_clamp(y, 2 * OUT_C, p->low, p->high);'] : []),
    '}',
  ];
}

/** What brings the windows of two pixels into the scratch: both within the image, and one of any kind where some leave it. */
function gatherFunctions(shape: DspConvShape): string[] {
  const copies = !widensRows(shape);
  const inside = [
    `/* The windows of two pixels within the image, ${copies ? 'copied' : 'widened'}. */`,
    `static void gather(const int8_t *a, const int8_t *b, ${copies ? 'int8_t *copy' : 'uint32_t *wide'}) {`,
    '  for (int32_t ky = 0; ky < KERNEL_H; ky++) {',
    ...(copies
      ? ['    (void)memcpy(copy, a, ROW);', '    (void)memcpy(copy + INNER, b, ROW);', '    copy += ROW;']
      : ['    nanoc_dsp_widen2(a, b, wide, ROW / 4);', '    wide += ROW;']),
    '    a += IN_W * IN_C;',
    '    b += IN_W * IN_C;',
    '  }',
    '}',
  ];
  if (!pads(shape)) return inside;
  if (sharesBorder(shape)) return hasInside(shape) ? [BORDER_SHAPE, '', ...inside] : [BORDER_SHAPE];
  const one = copies ? copyOne(shape) : widenOne(shape);
  return hasInside(shape) ? [...inside, '', ...one] : one;
}

/** Some window may lie within the image. */
function hasInside({ inHeight, inWidth, kernelHeight, kernelWidth }: DspConvShape): boolean {
  return kernelHeight <= inHeight && kernelWidth <= inWidth;
}

/** The taps [first, last) of a row are within the image. */
const COLUMNS = [
  '  const int32_t first = ix < 0 ? -ix : 0;',
  '  const int32_t last = ix + KERNEL_W > IN_W ? IN_W - ix : KERNEL_W;',
];

const ONE =
  '/* The window of one pixel, with the zero point for what is outside the image; it starts at row iy and column ix. */';

/** Where all windows lack the same number of taps on a side, sizes of copies are constants. */
function copyOne(shape: DspConvShape): string[] {
  const { left, right, even } = clipsOf(shape);
  const bytes = (taps: number) => taps * shape.inChannels;
  const side = (taps: number) => bytes(shape.kernelWidth - taps);
  const constant = [
    ...(left === 0
      ? []
      : [
          '    } else if (ix < 0) {',
          `      (void)memset(copy, zero, ${bytes(left)});`,
          `      (void)memcpy(copy + ${bytes(left)}, line + ${bytes(left)}, ${side(left)});`,
        ]),
    ...(right === 0
      ? []
      : [
          '    } else if (ix > IN_W - KERNEL_W) {',
          `      (void)memcpy(copy, line, ${side(right)});`,
          `      (void)memset(copy + ${side(right)}, zero, ${bytes(right)});`,
        ]),
  ];
  const variable = [
    '    } else if (first > 0 || last < KERNEL_W) {',
    '      (void)memset(copy, zero, ROW);',
    '      if (first < last) {',
    '        (void)memcpy(copy + first * IN_C, line + first * IN_C, (size_t)((last - first) * IN_C));',
    '      }',
  ];
  return [
    ONE,
    'static void gather_one(const int8_t *x, int32_t iy, int32_t ix, int8_t *copy, int32_t zero) {',
    ...(even ? [] : COLUMNS),
    '  const int8_t *line = x + (iy * IN_W + ix) * IN_C;',
    '  for (int32_t row = iy; row < iy + KERNEL_H; row++, line += IN_W * IN_C, copy += ROW) {',
    '    if ((uint32_t)row >= (uint32_t)IN_H) {',
    '      (void)memset(copy, zero, ROW);',
    ...(even ? constant : variable),
    '    } else {',
    '      (void)memcpy(copy, line, ROW);',
    '    }',
    '  }',
    '}',
  ];
}

function widenHead(shape: DspConvShape): string {
  const border = borderRows(shape) > 0 ? ' int8_t *border,' : '';
  return `static void gather_one(const int8_t *x, int32_t iy, int32_t ix, uint32_t *wide,${border} int32_t zero) {`;
}

/** Rows whose groups of four inputs span taps: put together first. Rows in the image come in one run. */
function widenOne(shape: DspConvShape): string[] {
  const { left, right, even } = clipsOf(shape);
  const rows = (lines: readonly string[], from: string) => [
    '    for (; row < end; row++, line += IN_W * IN_C, wide += ROW) {',
    ...lines.map((line) => `      ${line}`),
    `      nanoc_dsp_widen_one(${from}, wide, ROW / 4);`,
    '    }',
  ];
  const branches: string[] = even
    ? [
        ...(left === 0
          ? []
          : [
              '  if (ix < 0) {',
              ...rows(
                [
                  `(void)memcpy(border + ${left} * IN_C, line + ${left} * IN_C, ${(shape.kernelWidth - left) * shape.inChannels});`,
                ],
                'border',
              ),
              '  }',
            ]),
        ...(right === 0
          ? []
          : [
              '  if (ix > IN_W - KERNEL_W) {',
              ...rows(
                [`(void)memcpy(border + ROW, line, ${(shape.kernelWidth - right) * shape.inChannels});`],
                'border + ROW',
              ),
              '  }',
            ]),
      ]
    : [
        ...COLUMNS,
        '  if (first > 0 || last < KERNEL_W) {',
        ...rows(
          [
            '(void)memset(border, zero, ROW);',
            'if (first < last) {',
            '  (void)memcpy(border + first * IN_C, line + first * IN_C, (size_t)((last - first) * IN_C));',
            '}',
          ],
          'border',
        ),
        '  }',
      ];
  return [
    ONE,
    widenHead(shape),
    '  const int8_t *line = x + (iy * IN_W + ix) * IN_C;',
    '  const int32_t bottom = iy + KERNEL_H;',
    '  const int32_t end = bottom < IN_H ? bottom : IN_H;',
    '  int32_t row = iy;',
    '  for (; row < 0 && row < bottom; row++, line += IN_W * IN_C, wide += ROW) {',
    '    nanoc_dsp_fill_one(wide, zero, ROW / 4);',
    '  }',
    ...branches,
    ...rows([], 'line').map((line) => line.slice(2)),
    '  for (; row < bottom; row++, wide += ROW) {',
    '    nanoc_dsp_fill_one(wide, zero, ROW / 4);',
    '  }',
    '}',
  ];
}

/** Windows of the pixels whose windows start at (first_y, first_x) of `first` and (iy, ix) of `x`, or of the latter alone. */
function gatherLines(shape: DspConvShape, single: boolean): string[] {
  const copies = !widensRows(shape);
  const at = (image: string, row: string, column: string) => `${image} + (${row} * IN_W + ${column}) * IN_C`;
  const second = at('x', 'iy', 'ix');
  const together = `gather(${single ? second : at('first', 'first_y', 'first_x')}, ${second}, ${copies ? 'copies' : 'scratch'});`;
  const one = (pixel: 0 | 1) => {
    const to = copies
      ? ['copies', 'copies + INNER'][pixel]
      : `${['scratch', 'scratch + 2'][pixel]}${borderRows(shape) > 0 ? ', border' : ''}`;
    const from = pixel === 0 && !single ? 'first, first_y, first_x' : 'x, iy, ix';
    return sharesBorder(shape)
      ? `nanoc_widen_border_dsp(${from}, ${to}, params->x_zero, &shape);`
      : `gather_one(${from}, ${to}, params->x_zero);`;
  };
  const apart = single ? [one(0)] : [one(0), one(1)];
  const inside = (row: string, column: string) =>
    `(uint32_t)${row} <= IN_H - KERNEL_H && (uint32_t)${column} <= IN_W - KERNEL_W`;
  const gathered = !pads(shape)
    ? [together]
    : single || !hasInside(shape)
      ? apart
      : [
          `if (${inside('first_y', 'first_x')} && ${inside('iy', 'ix')}) {`,
          `  ${together}`,
          '} else {',
          ...apart.map((line) => `  ${line}`),
          '}',
        ];
  return [
    ...gathered,
    ...(copies ? ['nanoc_dsp_widen2(copies, copies + INNER, scratch, INNER / 4);'] : []),
    ...(shape.sumLanes > 0 ? ['nanoc_dsp_append_sums2(scratch, INNER, SUM_LANES);'] : []),
  ];
}

function mainFunction(name: string, shape: DspConvShape): string[] {
  const pixels = shape.batches * shape.outHeight * shape.outWidth;
  const copies = !widensRows(shape);
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
    ...gatherLines(shape, false).map((line) => `    ${line}`),
    '    multiply(scratch, y, params);',
    ...advance('iy', 'ix'),
    '    y += 2 * OUT_C;',
  ];
  const single = [
    '  /* The second pixel is what it was, and is not kept. */',
    '  int8_t *spare = (int8_t *)scratch + COPIES;',
    ...gatherLines(shape, true).map((line) => `  ${line}`),
    '  multiply(scratch, spare, params);',
    '  (void)memcpy(y, spare, OUT_C);',
  ];
  return [
    `void ${name}${ARGUMENTS} {`,
    ...(copies ? ['  int8_t *copies = (int8_t *)scratch + COPIES;'] : []),
    ...(borderRows(shape) > 0 ? ['  int8_t *border = (int8_t *)scratch + COPIES;'] : []),
    // What fills the copies up to four is summed too.
    ...(shape.sumLanes > 0 && copies ? ['  (void)memset(copies, 0, 2 * INNER);'] : []),
    ...(borderRows(shape) === 2 ? ['  (void)memset(border, params->x_zero, 2 * ROW);'] : []),
    '  int32_t iy = -PAD_TOP;',
    '  int32_t ix = -PAD_LEFT;',
    `  for (int32_t pair = 0; pair < BATCHES * OUT_H * OUT_W / 2; pair++) {`,
    ...pair,
    '  }',
    ...(pixels % 2 === 1 ? single : []),
    '}',
  ];
}
