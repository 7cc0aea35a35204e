/**
 * Depthwise convolution of any window, one channel at a time: its pixels, and what is outside the image, are copied to a plane in
 * scratch, so that the kernel knows no borders and may write over its input. Armv7-M and RISC-V: a byte a pixel, 3x3 in assembly;
 * Armv6-M: a word holds two pixels, of the upper and the lower half of the plane, and each product serves both.
 */

import type { GeneratedSource } from '../../ir/kernel-call.js';
import { headerFile, headerOf } from '../header-file.js';
import { repeatedName } from '../repeated-taps.js';

/** 3x3 windows at stride 1 along the row, of a plane of bytes. */
export interface RotatingShape {
  /** Bytes from one row of the plane to the next. */
  readonly pitch: number;
  /** Outputs of a row, all written out. */
  readonly outputs: number;
  readonly channels: number;
  /** Bytes of a row of the output. */
  readonly rowBytes: number;
  /** Rows of the plane from one row of outputs to the next. */
  readonly stride: number;
  readonly shift: number;
  readonly low: number;
  readonly high: number;
}

export interface RotatingAssembly {
  readonly stack: number;
  /** Strips that are narrower than `output` bytes, and planes that are narrower than `pitch`. */
  readonly reach: { readonly output: number; readonly pitch: number };
  /** Outputs of a strip, at most. */
  longest(channels: number): number;
  /** The function as lines of C. */
  source(name: string, shape: RotatingShape): readonly string[];
}

/** Any window, of a plane of bytes. */
export interface PlaneWindowShape {
  /** Offsets of the taps in the plane. */
  readonly taps: readonly number[];
  readonly outputs: number;
  readonly channels: number;
  /** Bytes of the plane from one output to the next, and from one row of outputs to the next. */
  readonly columnStep: number;
  readonly rowStep: number;
  readonly shift: number;
  readonly low: number;
  readonly high: number;
}

export interface WindowAssembly {
  readonly stack: number;
  /** The largest offset of a tap. */
  readonly reach: number;
  /** The function as lines of C. */
  source(name: string, shape: PlaneWindowShape): readonly string[];
}

export interface DepthwiseCore {
  readonly name: 'v7m' | 'v6m' | 'rv32';
  /** A word of the plane holds two pixels. */
  readonly pairs: boolean;
  readonly header: string;
  /** Macro that is 1 where the assembly runs. */
  readonly macro: string;
  /** The bounds of an activation are those of the requantization; otherwise all outputs are clamped at the end. */
  readonly bounds: boolean;
  readonly rotating?: RotatingAssembly;
  readonly window?: WindowAssembly;
  /** Rows inside the image are copied without a look at the others, where a plane serves the whole image. */
  readonly copiesInside: boolean;
}

export interface DepthwiseShape {
  readonly core: DepthwiseCore;
  readonly batches: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  /** Taps of the window in order; for weights that leave int8 without their zero point some of them more than once. */
  readonly taps: readonly number[];
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  /** Output rows for which a plane is filled. */
  readonly rows: number;
  /** Weights that are summed before the halves are parted; Armv6-M. */
  readonly flush: number;
  readonly shift: number;
  /** Armv6-M, see numerics/short-requantization.ts. */
  readonly fraction: number;
  readonly kinds: readonly ('fixed' | 'exact')[];
  /** For nanoc_packed_exact. */
  readonly exactFraction: number;
  /** The activation has bounds of its own: these. */
  readonly clamps: boolean;
  readonly low: number;
  readonly high: number;
}

export interface Depthwise {
  readonly function: string;
  readonly header: string;
  readonly generated: readonly GeneratedSource[];
  readonly scratchBytes: number;
  readonly assemblyStack: number;
}

type Geometry = Omit<DepthwiseShape, 'rows' | 'flush' | 'shift' | 'fraction' | 'kinds' | 'exactFraction' | Bounds>;
type Bounds = 'clamps' | 'low' | 'high';

export function generateDepthwise(shape: DepthwiseShape): Depthwise {
  const name = functionName(shape);
  const header = headerOf(name);
  return {
    function: name,
    header,
    generated: [
      headerFile(name, shape.core.header, [CONTRACT], `void ${name}${ARGUMENTS}`),
      { path: `src/${name}.c`, content: sourceText(name, header, shape) },
    ],
    scratchBytes: planeBytes(shape, shape.rows) + (shape.core.pairs ? 4 * tapsOf(shape).length : 0),
    assemblyStack: rotates(shape) ? shape.core.rotating!.stack : windows(shape) ? shape.core.window!.stack : 0,
  };
}

/** Scratch for a plane that serves so many output rows. */
export function planeBytes(shape: Geometry, rows: number): number {
  if (!shape.core.pairs) return Math.ceil((planeRows(shape, rows) * planeWidth(shape)) / 4) * 4;
  return 4 * planeRows(shape, Math.ceil(rows / 2)) * planeWidth(shape);
}

/** Input rows under so many output rows. */
export function planeRows({ strideHeight, kernelHeight, dilationHeight }: Geometry, rows: number): number {
  return (rows - 1) * strideHeight + (kernelHeight - 1) * dilationHeight + 1;
}

function planeWidth({ outWidth, strideWidth, kernelWidth, dilationWidth }: Geometry): number {
  return (outWidth - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1;
}

/** Offsets of the taps in the plane. */
function tapsOf(shape: Geometry): number[] {
  const { taps, kernelWidth, dilationHeight, dilationWidth } = shape;
  const width = planeWidth(shape);
  return taps.map(
    (tap) => Math.floor(tap / kernelWidth) * dilationHeight * width + (tap % kernelWidth) * dilationWidth,
  );
}

/** Longest row of outputs that is written out. */
export const LONGEST_ROW = 12;

/** 3x3 windows side by side share columns: three sums are under way at once, with all weights in registers. */
function rotates(shape: DepthwiseShape): boolean {
  const { kernelHeight, kernelWidth, strideWidth, dilationHeight, dilationWidth, channels } = shape;
  const plain =
    shape.taps.length === 9 &&
    kernelHeight === 3 &&
    kernelWidth === 3 &&
    strideWidth === 1 &&
    dilationHeight * dilationWidth === 1;
  const reach = shape.core.rotating?.reach;
  if (reach === undefined || !plain || !shape.kinds.includes('fixed')) return false;
  return stripWidth(shape) * channels < reach.output && planeWidth(shape) < reach.pitch;
}

/** Whether other windows are assembly. */
function windows(shape: DepthwiseShape): boolean {
  const { core, kinds } = shape;
  return core.window !== undefined && kinds.includes('fixed') && tapsOf(shape).at(-1)! <= core.window.reach;
}

/** Outputs of a row that are written out; wide rows take several strips, of which the last may overlap the one before it. */
function stripWidth({ core, outWidth, channels }: DepthwiseShape): number {
  return Math.ceil(outWidth / Math.ceil(outWidth / core.rotating!.longest(channels)));
}

/** First output of each strip. */
function strips(shape: DepthwiseShape): number[] {
  const width = stripWidth(shape);
  const count = Math.ceil(shape.outWidth / width);
  return Array.from({ length: count }, (_, i) => Math.min(i * width, shape.outWidth - width));
}

function functionName(shape: DepthwiseShape): string {
  const s = shape;
  const batch = s.batches === 1 ? '' : `${s.batches}x`;
  const window = `k${s.kernelHeight}x${s.kernelWidth}_s${s.strideHeight}x${s.strideWidth}_p${s.padTop}x${s.padLeft}`;
  const dilation = s.dilationHeight === 1 && s.dilationWidth === 1 ? '' : `_d${s.dilationHeight}x${s.dilationWidth}`;
  const fraction = s.core.pairs ? `_${s.fraction}_by${s.flush}` : '';
  const again = repeatedName(s.taps);
  const fixed = s.kinds.includes('fixed') ? `${s.shift}${fraction}` : '';
  const exact = s.kinds.includes('exact') ? `_near${s.exactFraction}` : '';
  const tail = `${s.kinds.join('_')}${fixed}${exact}${boundsName(s)}`;
  return `nanoc_depthwise_${s.core.name}_${batch}${s.inHeight}x${s.inWidth}x${s.channels}_${s.outHeight}x${s.outWidth}_${window}${dilation}${again}_r${s.rows}_${tail}`;
}

/** Bounds that are not those of int8. */
function boundsName({ core, clamps, low, high }: DepthwiseShape): string {
  if (!clamps) return '';
  return core.bounds ? `_${low}to${high}`.replaceAll('-', 'm') : '_clamp';
}

const CONTRACT = 'Generated by nanoc for one shape. x and y as nanoc_depthwise_s8; scratch on a word.';
const ARGUMENTS = '(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_packed_depthwise_params *params)';

function sourceText(name: string, header: string, shape: DepthwiseShape): string {
  const width = planeWidth(shape);
  const words = (shape.core.pairs ? 3 : 2) + Math.ceil(tapsOf(shape).length / 4);
  const constants: [string, number][] = [
    ['IN_H', shape.inHeight],
    ['IN_W', shape.inWidth],
    ['CHANNELS', shape.channels],
    ['OUT_H', shape.outHeight],
    ['OUT_W', shape.outWidth],
    ['STRIDE_H', shape.strideHeight],
    ['STRIDE_W', shape.strideWidth],
    ['EXTENT_H', planeRows(shape, 1)],
    ['PAD_TOP', shape.padTop],
    ['PAD_LEFT', shape.padLeft],
    ['ROWS', shape.rows],
    ['PLANE_W', width],
    ['PLANE_ROWS', planeRows(shape, shape.core.pairs ? Math.ceil(shape.rows / 2) : shape.rows)],
    ['COPIED', copiedColumns(shape)],
    ['TAPS', tapsOf(shape).length],
    ['WORDS', words],
    ['FRACTION', shape.exactFraction],
  ];
  const kinds = shape.kinds.flatMap((kind) => [...channelFunction(name, shape, kind), '']);
  return [
    '/* Generated by nanoc: depthwise convolution, one channel at a time (docs/KERNELS.md). */',
    `#include "${header}"`,
    '',
    'enum {',
    ...constants.map(([key, value]) => `  ${key} = ${value},`),
    '};',
    '',
    ...gatherFunction(shape),
    '',
    ...kinds,
    ...mainFunction(name, shape),
    '',
  ].join('\n');
}

/** Columns of the image that the plane has. */
function copiedColumns(shape: DepthwiseShape): number {
  return Math.max(0, Math.min(shape.inWidth, planeWidth(shape) - shape.padLeft));
}

/** Short rows are written out. */
function copyLine(columns: number): string[] {
  if (columns <= LONGEST_ROW) {
    return Array.from({ length: columns }, (_, i) => `    plane[PAD_LEFT + ${i}] = line[${i} * CHANNELS];`);
  }
  return [
    '    for (int32_t column = 0; column < COPIED; column++) {',
    '      plane[PAD_LEFT + column] = line[column * CHANNELS];',
    '    }',
  ];
}

/** Pixels that a turn of the loop copies, about. */
const COPIED_AT_ONCE = 6;

/** Rows that `insideFunction` copies in a turn of its loop. */
export function rowsAtOnce(columns: number): number {
  return columns > LONGEST_ROW ? 1 : Math.max(1, Math.floor(COPIED_AT_ONCE / Math.max(1, columns)));
}

/** A plane for the whole image: its rows outside stay as they were set. */
function insideFunction(shape: DepthwiseShape): string[] {
  const columns = copiedColumns(shape);
  const rows = Math.max(0, Math.min(shape.inHeight, planeRows(shape, shape.rows) - shape.padTop));
  const atOnce = rowsAtOnce(columns);
  const lines = (count: number) =>
    Array.from({ length: count }, (_, row) =>
      Array.from(
        { length: columns },
        (__, i) => `plane[${row} * PLANE_W + ${i}] = x[${row} * IN_W * CHANNELS + ${i} * CHANNELS];`,
      ),
    ).flat();
  const turn =
    columns > LONGEST_ROW
      ? ['for (int32_t column = 0; column < COPIED; column++) {', '  plane[column] = x[column * CHANNELS];', '}']
      : lines(atOnce);
  return [
    '/* One channel of the rows of the image that the plane has. */',
    'static void gather(const int8_t *x, int8_t *plane) {',
    '  plane += PAD_TOP * PLANE_W + PAD_LEFT;',
    `  for (int32_t row = ${Math.floor(rows / atOnce)}; row > 0; row--, plane += ${atOnce} * PLANE_W, x += ${atOnce} * IN_W * CHANNELS) {`,
    ...turn.map((line) => `    ${line}`),
    '  }',
    ...lines(rows % atOnce).map((line) => `  ${line}`),
    '}',
  ];
}

/** Whether `insideFunction` fills the plane. */
function copiesInside(shape: DepthwiseShape): boolean {
  return shape.core.copiesInside && shape.rows === shape.outHeight;
}

function gatherFunction(shape: DepthwiseShape): string[] {
  if (copiesInside(shape)) return insideFunction(shape);
  if (!shape.core.pairs) {
    return [
      '/* One channel of n rows from row iy on; rows outside the image hold the zero point. */',
      'static void gather(const int8_t *x, int8_t *plane, int32_t iy, int32_t n, int32_t zero) {',
      '  for (int32_t row = 0; row < n; row++, iy++, plane += PLANE_W) {',
      '    if (iy < 0 || iy >= IN_H) {',
      '      (void)memset(plane, zero, PLANE_W);',
      '      continue;',
      '    }',
      '    const int8_t *line = x + iy * IN_W * CHANNELS;',
      ...copyLine(copiedColumns(shape)),
      '  }',
      '}',
    ];
  }
  return [
    '/* One channel of n rows from row iy on, and in the upper halves the rows `distance` further down. */',
    'static void gather(const int8_t *x, uint32_t *plane, int32_t iy, int32_t n, int32_t distance, int8_t zero) {',
    '  for (int32_t row = 0; row < n; row++, iy++, plane += PLANE_W) {',
    '    const int32_t below = iy + distance;',
    '    const int32_t a_inside = iy >= 0 && iy < IN_H;',
    '    const int32_t b_inside = below >= 0 && below < IN_H;',
    '    const int8_t *a = a_inside ? x + iy * IN_W * CHANNELS : &zero;',
    '    const int8_t *b = b_inside ? x + below * IN_W * CHANNELS : &zero;',
    '    const int32_t a_step = a_inside ? CHANNELS : 0;',
    '    const int32_t b_step = b_inside ? CHANNELS : 0;',
    '    uint32_t *to = plane + PAD_LEFT;',
    '    for (int32_t column = 0; column < COPIED; column++, a += a_step, b += b_step) {',
    '      *to++ = (uint32_t)*a + ((uint32_t)*b << 16);',
    '    }',
    '  }',
    '}',
  ];
}

function channelFunction(name: string, shape: DepthwiseShape, kind: 'fixed' | 'exact'): string[] {
  if (shape.core.pairs) return pairsFunction(shape, kind);
  if (kind === 'exact') return bytesFunction(shape, kind);
  if (rotates(shape))
    return assemblyChannel(shape, `${name}_rows`, rotatingSource(shape, `${name}_rows`), strips(shape));
  if (windows(shape)) return assemblyChannel(shape, `${name}_window`, windowSource(shape, `${name}_window`), [0]);
  return bytesFunction(shape, kind);
}

function rotatingSource(shape: DepthwiseShape, name: string): readonly string[] {
  return shape.core.rotating!.source(name, {
    pitch: planeWidth(shape),
    outputs: stripWidth(shape),
    channels: shape.channels,
    rowBytes: shape.outWidth * shape.channels,
    stride: shape.strideHeight,
    ...{ shift: shape.shift, low: shape.low, high: shape.high },
  });
}

function windowSource(shape: DepthwiseShape, name: string): readonly string[] {
  return shape.core.window!.source(name, {
    taps: tapsOf(shape),
    outputs: shape.outWidth,
    channels: shape.channels,
    columnStep: shape.strideWidth,
    rowStep: shape.strideHeight * planeWidth(shape),
    ...{ shift: shape.shift, low: shape.low, high: shape.high },
  });
}

/** A channel in assembly, called for each of the first outputs, and elsewhere in C. */
function assemblyChannel(
  shape: DepthwiseShape,
  assembly: string,
  source: readonly string[],
  firsts: readonly number[],
): string[] {
  return [
    `#if ${shape.core.macro}`,
    '',
    `void ${assembly}(const int8_t *plane, int8_t *y, const uint32_t *w, int32_t rows);`,
    '',
    ...source,
    '',
    'static void channel_fixed(const int8_t *plane, int8_t *y, const uint32_t *w, int32_t rows, const nanoc_packed_depthwise_params *p) {',
    '  (void)p;',
    ...firsts.map((first) => `  ${assembly}(plane + ${first}, y + ${first} * CHANNELS, w, rows);`),
    '}',
    '',
    '#else',
    '',
    ...bytesFunction(shape, 'fixed'),
    '',
    '#endif',
  ];
}

const EXACT_CONSTANTS = [
  '  float scale;',
  '  (void)memcpy(&scale, w + 1, sizeof scale);',
  '  const int32_t m = nanoc_packed_multiplier(scale, FRACTION);',
];

function fixedByte({ core, shift, low, high }: DepthwiseShape): string {
  if (!core.bounds) return `nanoc_v7m_requantize(sum, m, ${shift})`;
  return `(int8_t)nanoc_clamp(nanoc_packed_upper(sum, m) >> ${shift}, ${low}, ${high})`;
}

/** One channel of so many rows, from a plane of bytes. */
function bytesFunction(shape: DepthwiseShape, kind: 'fixed' | 'exact'): string[] {
  const taps = tapsOf(shape);
  const factor = kind === 'fixed' ? ' * 256' : '';
  const result =
    kind === 'fixed'
      ? [`      *y = ${fixedByte(shape)};`]
      : ['      *y = (int8_t)nanoc_packed_exact(sum, scale, m, FRACTION, p->y_zero, p->low, p->high);'];
  return [
    `static void channel_${kind}(const int8_t *plane, int8_t *y, const uint32_t *w, int32_t rows, const nanoc_packed_depthwise_params *p) {`,
    ...(kind === 'fixed' ? ['  const int32_t m = (int32_t)w[1];', '  (void)p;'] : EXACT_CONSTANTS),
    '  const int32_t start = (int32_t)w[0];',
    ...taps.map((_, i) => `  const int32_t w${i} = nanoc_packed_signed(w[${2 + (i >> 2)}], ${i % 4})${factor};`),
    '  for (int32_t row = 0; row < rows; row++, plane += STRIDE_H * PLANE_W) {',
    '    const int8_t *at = plane;',
    '    for (int32_t column = 0; column < OUT_W; column++, at += STRIDE_W, y += CHANNELS) {',
    '      int32_t sum = start;',
    ...taps.map((offset, i) => `      sum += at[${offset}] * w${i};`),
    ...result,
    '    }',
    '  }',
    '}',
  ];
}

/** One channel of so many rows, from a plane of words that hold two pixels. */
function pairsFunction(shape: DepthwiseShape, kind: 'fixed' | 'exact'): string[] {
  const taps = tapsOf(shape);
  const groups = Array.from({ length: Math.ceil(taps.length / shape.flush) }, (_, i) =>
    taps.slice(i * shape.flush, (i + 1) * shape.flush).map((offset, k) => `at[${offset}] * k[${i * shape.flush + k}]`),
  );
  const byte = (sum: string) =>
    kind === 'fixed'
      ? `nanoc_v6m_requantize(${sum}, w[1], (int32_t)w[2], ${shape.fraction}, ${shape.shift}, 0)`
      : `(int8_t)nanoc_packed_exact(${sum}, scale, m, FRACTION, p->y_zero, p->low, p->high)`;
  return [
    `static void channel_${kind}(const uint32_t *plane, int8_t *y, const uint32_t *w, const uint32_t *k, int32_t rows, const nanoc_packed_depthwise_params *p) {`,
    ...(kind === 'fixed' ? ['  (void)p;'] : EXACT_CONSTANTS),
    '  const int32_t half = (rows + 1) / 2;',
    `  const uint32_t start = w[0] + (w[0] << 16) - ${groups.length}u * 0x8000u;`,
    '  int8_t *below = y + half * OUT_W * CHANNELS;',
    '  for (int32_t row = 0; row < half; row++, plane += STRIDE_H * PLANE_W) {',
    '    const uint32_t *at = plane;',
    '    const int32_t both = half + row < rows;',
    '    for (int32_t column = 0; column < OUT_W; column++, at += STRIDE_W, y += CHANNELS, below += CHANNELS) {',
    '      uint32_t all = start;',
    '      uint32_t upper = w[0];',
    '      uint32_t v;',
    ...groups.flatMap((terms) => [
      `      v = 0x8000u + ${terms.join(' + ')};`,
      '      all += v;',
      '      upper += (uint32_t)((int32_t)v >> 16);',
    ]),
    '      all -= upper << 16;',
    `      *y = ${byte('(int32_t)all')};`,
    '      if (both) {',
    `        *below = ${byte('(int32_t)upper')};`,
    '      }',
    '    }',
    '  }',
    '}',
  ];
}

function mainFunction(name: string, shape: DepthwiseShape): string[] {
  const bytes = !shape.core.pairs;
  const whole = shape.rows === shape.outHeight;
  const call = (kind: string) => `channel_${kind}(plane, to, w, ${bytes ? '' : 'k, '}rows, params);`;
  const both = ['if (params->exact[channel] != 0) {', `  ${call('exact')}`, '} else {', `  ${call('fixed')}`, '}'];
  const zero = '((uint32_t)params->x_zero + ((uint32_t)params->x_zero << 16))';
  const chunk = [
    ...(copiesInside(shape)
      ? ['gather(x + channel, plane);']
      : bytes
        ? ['gather(x + channel, plane, oy * STRIDE_H - PAD_TOP, (rows - 1) * STRIDE_H + EXTENT_H, params->x_zero);']
        : [
            'const int32_t half = (rows + 1) / 2;',
            'gather(x + channel, plane, oy * STRIDE_H - PAD_TOP, (half - 1) * STRIDE_H + EXTENT_H, half * STRIDE_H, (int8_t)params->x_zero);',
          ]),
    'int8_t *to = y + oy * OUT_W * CHANNELS + channel;',
    ...(shape.kinds.length === 2 ? both : [call(shape.kinds[0]!)]),
  ];
  const chunks = whole
    ? ['  const int32_t oy = 0;', '  const int32_t rows = ROWS;', ...chunk.map((line) => `  ${line}`)]
    : [
        '  for (int32_t oy = 0; oy < OUT_H; oy += ROWS) {',
        '    const int32_t rows = OUT_H - oy < ROWS ? OUT_H - oy : ROWS;',
        ...chunk.map((line) => `    ${line}`),
        '  }',
      ];
  const image = [
    'const uint32_t *w = params->weights;',
    'for (int32_t channel = 0; channel < CHANNELS; channel++, w += WORDS) {',
    ...(bytes
      ? []
      : [
          '  for (int32_t tap = 0; tap < TAPS; tap++) {',
          '    k[tap] = (uint32_t)nanoc_packed_signed(w[3 + tap / 4], tap % 4);',
          '  }',
        ]),
    ...chunks,
    '}',
    ...(shape.clamps && !shape.core.bounds
      ? ['nanoc_packed_clamp(y, OUT_H * OUT_W * CHANNELS, params->low, params->high);']
      : []),
  ];
  const body =
    shape.batches === 1
      ? image
      : [
          `for (int32_t batch = 0; batch < ${shape.batches}; batch++, x += IN_H * IN_W * CHANNELS, y += OUT_H * OUT_W * CHANNELS) {`,
          ...image.map((line) => `  ${line}`),
          '}',
        ];
  return [
    `void ${name}${ARGUMENTS} {`,
    ...(bytes
      ? ['  int8_t *plane = (int8_t *)scratch;', '  (void)memset(plane, params->x_zero, PLANE_W * PLANE_ROWS);']
      : [
          '  uint32_t *plane = scratch;',
          '  uint32_t *k = scratch + PLANE_W * PLANE_ROWS;',
          '  for (int32_t i = 0; i < PLANE_W * PLANE_ROWS; i++) {',
          `    plane[i] = ${zero};`,
          '  }',
        ]),
    ...body.map((line) => `  ${line}`),
    '}',
  ];
}
