/**
 * Depthwise 3x3 at stride 1, four channels and two output rows at a time. Vertical pairs of inputs, less their zero point, are
 * widened into strips that run along a row: A holds rows r and r + 1, B rows r + 2 and r + 3, so that a row pair is read from the
 * image once: B is the next pair's A. Weights are 256 times theirs, which leaves room for an exact multiplier without addend.
 *
 * For speed A and B take turns in one strip, a word each, so that one move brings both, and weights lie in flash as they are used.
 */

import type { GeneratedSource } from '../../ir/kernel-call.js';
import { headerFile, headerOf } from '../header-file.js';
import { assemblyFunction, SAVED_BYTES } from './assembly.js';
import type { Segment } from './stream.js';

export interface DepthwiseShape {
  readonly batches: number;
  readonly inHeight: number;
  readonly inWidth: number;
  /** A multiple of four. */
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly shift: number;
  readonly kinds: readonly Segment['kind'][];
  readonly clamps: boolean;
  /** One function for all rows, and loops where straight code would be faster. */
  readonly small: boolean;
  /** A and B in one strip, weights of ten words a channel in flash. */
  readonly fast: boolean;
}

export interface DspDepthwise {
  readonly function: string;
  readonly header: string;
  readonly generated: readonly GeneratedSource[];
  readonly scratchBytes: number;
  readonly stack: number;
}

/** Columns of one call: as many as the FPU registers hold of A and B, with one more on each side. */
const WIDEST = 10;
/** Words of one channel's expanded weights (nanoc/dsp.h). */
const CHANNEL_WORDS = 10;
/** s16 to s31. */
const SAVED_FLOAT_BYTES = 64;

interface Tile {
  readonly columns: number;
  /** Columns of a strip. */
  readonly pitch: number;
  /** The first or last column of the strip is padding, which adds nothing. */
  readonly skipLeft: boolean;
  readonly skipRight: boolean;
}

/** Bytes from one output column, and from one output row, to the next: those of the image, or of a tile of two rows. */
interface Target {
  readonly column: number;
  readonly row: number;
  /** How many rows are wanted. */
  readonly rows: 1 | 2;
}

/** Where A and B are: in strips of their own, or in turns in one, which begins with a column of A or of B. */
type Strips = 'apart' | 'a-first' | 'b-first';

/** Offsets of store instructions have twelve bits. */
const FARTHEST = 4095;

function tileTarget(tile: Tile): Target {
  return { column: 4, row: 4 * tile.columns, rows: 2 };
}

/** Straight into the image, where its two rows are within reach and no clamp follows. */
function isDirect({ channels, outWidth, outHeight, clamps, small }: DepthwiseShape, tile: Tile): boolean {
  if (small && outHeight % 2 === 1) return false;
  return !clamps && channels * (outWidth + tile.columns - 1) <= FARTHEST;
}

/** Where tiles go; with an odd height the last row is a tile of one. */
function targetsOf(shape: DepthwiseShape, tile: Tile): readonly Target[] {
  if (!isDirect(shape, tile)) return [tileTarget(tile)];
  const image = { column: shape.channels, row: shape.channels * shape.outWidth };
  const two: Target = { ...image, rows: 2 };
  const one: Target = { ...image, rows: 1 };
  if (shape.outHeight === 1) return [one];
  return shape.outHeight % 2 === 0 ? [two] : [two, one];
}

/** One function of a tile. */
interface Variant {
  readonly tile: Tile;
  readonly to: Target;
  readonly kind: Segment['kind'];
  readonly strips: Strips;
  readonly shift: number;
}

/** Where A and B are when a target is written: each pair of rows ends with B in the place of the old A. */
function stripsOf(shape: DepthwiseShape, to: Target): readonly Strips[] {
  if (!shape.fast) return ['apart'];
  const pairs = Math.ceil(shape.outHeight / 2);
  const last = pairs % 2 === 1 ? 'a-first' : 'b-first';
  if (to.rows === 1) return [last];
  return pairs > 1 ? ['a-first', 'b-first'] : ['a-first'];
}

function variantsOf(shape: DepthwiseShape, tile: Tile): Variant[] {
  return targetsOf(shape, tile).flatMap((to) =>
    stripsOf(shape, to).flatMap((strips) =>
      shape.kinds.map((kind) => ({ tile, to, kind, strips, shift: shape.shift })),
    ),
  );
}

export function generateDepthwise(shape: DepthwiseShape): DspDepthwise {
  const tail = `${shape.kinds.join('_')}${shape.kinds.includes('fixed') ? shape.shift : ''}${shape.clamps ? '_clamp' : ''}${shape.small ? '_small' : ''}`;
  const batch = shape.batches === 1 ? '' : `${shape.batches}x`;
  const size = `${batch}${shape.inHeight}x${shape.inWidth}x${shape.channels}_${shape.outHeight}x${shape.outWidth}`;
  const name = `nanoc_depthwise${shape.fast ? '16' : ''}_dsp_${size}_p${shape.padTop}x${shape.padLeft}_${tail}`;
  const header = headerOf(name);
  const tiles = tilesOf(shape);
  const distinct = [...new Map(tiles.map((tile) => [tile.columns, tile])).values()];
  return {
    function: name,
    header,
    generated: [
      headerFile(name, 'nanoc/dsp.h', CONTRACT, `void ${name}${ARGUMENTS}`),
      { path: `src/${name}.c`, content: driverText(name, header, shape, tiles) },
      ...(unrollsWidening(shape) ? [widenSource(shape)] : []),
      ...distinct.flatMap((tile) => variantsOf(shape, tile).map(tileSource)),
    ],
    scratchBytes: 4 * scratchWords(shape) + (tiles.every((tile) => isDirect(shape, tile)) ? 0 : 8 * tiles[0]!.columns),
    stack: SAVED_BYTES + SAVED_FLOAT_BYTES,
  };
}

/** Both strips of four channels, and their weights where they are expanded. */
function scratchWords(shape: DepthwiseShape): number {
  return 8 * pitchOf(shape) + (shape.fast ? 0 : 4 * CHANNEL_WORDS);
}

function pitchOf({ outWidth }: DepthwiseShape): number {
  return outWidth + 2;
}

/** The widths into which a row is cut: equal ones where a width from 5 to 10 divides it. */
function tilesOf(shape: DepthwiseShape): Tile[] {
  const { outWidth, inWidth, padLeft } = shape;
  const pitch = pitchOf(shape);
  if (outWidth <= WIDEST) {
    const skipRight = padLeft + inWidth < pitch;
    return [{ columns: outWidth, pitch, skipLeft: padLeft > 0, skipRight }];
  }
  let columns = 8;
  for (let width = WIDEST; width >= 5; width -= 1) {
    if (outWidth % width !== 0) continue;
    columns = width;
    break;
  }
  const plain = { pitch, skipLeft: false, skipRight: false };
  const tiles: Tile[] = Array.from({ length: Math.floor(outWidth / columns) }, () => ({ columns, ...plain }));
  if (outWidth % columns > 0) tiles.push({ columns: outWidth % columns, ...plain });
  return tiles;
}

const CONTRACT = [
  'Generated by nanoc for one shape. x and y as nanoc_depthwise_s8; scratch on a word. Four channels are finished before the',
  'next four are read, so y may take the place of x only at a distance that is a multiple of the pixel.',
];
const ARGUMENTS = '(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_dsp_depthwise_params *params)';

function tileName({ tile, to, kind, strips, shift }: Variant): string {
  const { columns, pitch, skipLeft, skipRight } = tile;
  const skips = `${skipLeft ? 'l' : ''}${skipRight ? 'r' : ''}`;
  const turns = { apart: '', 'a-first': '_ab', 'b-first': '_ba' }[strips];
  return `nanoc_depthwise3_dsp_${columns}of${pitch}${skips}${turns}_to${to.column}x${to.rows === 1 ? 1 : to.row}_${kind === 'fixed' ? `shift${shift + 8}` : 'exact'}`;
}

function tilePrototype(name: string, strips: Strips): string {
  const inputs = strips === 'apart' ? 'const uint32_t *a, const uint32_t *b' : 'const uint32_t *strip';
  return `void ${name}(${inputs}, const uint32_t *w, int8_t *y)`;
}

/** The twin's strips and their distances: from column to column, from channel to channel. */
function twinInputs({ tile, strips }: Variant): string {
  if (strips === 'apart') return `a, b, 1, ${tile.pitch}`;
  const [a, b] = strips === 'a-first' ? ['strip', 'strip + 1'] : ['strip + 1', 'strip'];
  return `${a}, ${b}, 2, ${2 * tile.pitch}`;
}

function tileSource(variant: Variant): GeneratedSource {
  const { tile, to, kind, strips, shift } = variant;
  const name = tileName(variant);
  const sizes = `${tile.columns}, ${to.rows}, ${to.column}, ${to.row}`;
  const twin =
    kind === 'fixed'
      ? `  nanoc_dsp_depthwise_fixed(${twinInputs(variant)}, w, y, ${sizes}, ${shift + 8});`
      : `  nanoc_dsp_depthwise_exact(${twinInputs(variant)}, w, y, ${sizes});`;
  const lines = [
    '/* Generated by nanoc. Two rows of four channels; see nanoc/dsp.h for the layout of the strips and w. */',
    '#include "nanoc/dsp.h"',
    '',
    `${tilePrototype(name, strips)};`,
    '',
    '#if NANOC_DSP_ASSEMBLY',
    '',
    ...assemblyFunction(name, instructions(variant)),
    '',
    '#else',
    '',
    `${tilePrototype(name, strips)} {`,
    twin,
    '}',
    '',
    '#endif',
    '',
  ];
  return { path: `src/${name}.c`, content: lines.join('\n') };
}

/**
 * r0 to r2 weight pairs (w0, w1) of the three columns, r3 to r5 (w1, w2), r6 and r7 a column of A and B, r8 to r11 sums of two
 * output columns, r12 multiplier (fixed) or zero point (exact), lr output; s0 and s1 the start of the sums, s2 scale, s3 and s4 the
 * strips, s5 weights (one strip: s3 and s4 strip and weights), s6 and s7 temporary, from s8 the columns of A, then those of B, or
 * both in turns.
 */
function instructions(variant: Variant): string[] {
  return [
    'push {r4-r11,lr}',
    'vpush {s16-s31}',
    ...(variant.strips === 'apart'
      ? ['mov lr,r3', 'vmov s3,s4,r0,r1', 'vmov s5,r2']
      : ['mov lr,r2', 'vmov s3,s4,r0,r1']),
    '1:',
    ...loads(variant),
    ...columns(variant),
    'add lr,lr,#1',
    'tst lr,#3',
    'bne.w 1b',
    'vpop {s16-s31}',
    'pop {r4-r11,pc}',
  ];
}

/** A channel's columns and weights; the pointers go on to the next channel's. */
function loads({ tile, strips }: Variant): string[] {
  const width = tile.columns + 2;
  // Behind the columns of this tile.
  const rest = (register: string, words: number) => (words === 0 ? [] : [`addw ${register},${register},#${4 * words}`]);
  if (strips !== 'apart') {
    return [
      'vmov r6,r7,s3,s4',
      `vldmia r6!,{s8-s${7 + 2 * width}}`,
      ...rest('r6', 2 * (tile.pitch - width)),
      'ldm r7!,{r0-r5,r12}',
      'vldmia r7!,{s0-s2}',
      'vmov s3,s4,r6,r7',
    ];
  }
  return [
    'vmov r6,r7,s3,s4',
    `vldmia r6!,{s8-s${7 + width}}`,
    `vldmia r7!,{s${8 + width}-s${7 + 2 * width}}`,
    ...rest('r6', tile.pitch - width),
    ...rest('r7', tile.pitch - width),
    'vmov s3,s4,r6,r7',
    'vmov r6,s5',
    'ldm r6!,{r0-r5,r12}',
    'vldmia r6!,{s0-s2}',
    'vmov s5,r6',
  ];
}

/** A column of A in r6 and of B in r7. */
function columnMoves({ tile, strips }: Variant, column: number): string[] {
  const width = tile.columns + 2;
  if (strips === 'apart') return [`vmov r6,s${8 + column}`, `vmov r7,s${8 + width + column}`];
  const [first, second] = strips === 'a-first' ? ['r6', 'r7'] : ['r7', 'r6'];
  return [`vmov ${first},${second},s${8 + 2 * column},s${9 + 2 * column}`];
}

/** Column j of the strip adds to outputs j - 2, j - 1 and j; output j - 2 is then finished, and its registers are those of j. */
function columns(variant: Variant): string[] {
  const { tile, to, kind } = variant;
  const sums = (output: number): readonly [string, string] => (output % 2 === 0 ? ['r8', 'r9'] : ['r10', 'r11']);
  const lines: string[] = [];
  for (let column = 0; column < tile.columns + 2; column += 1) {
    const padding = (column === 0 && tile.skipLeft) || (column === tile.columns + 1 && tile.skipRight);
    if (!padding) lines.push(...columnMoves(variant, column));
    const add = (output: number) => {
      if (!padding && output >= 0 && output < tile.columns) lines.push(...multiply(sums(output), column - output, to));
    };
    add(column - 2);
    add(column - 1);
    if (column >= 2) lines.push(...finish(sums(column - 2), column - 2, to, kind, variant.shift + 8));
    if (column < tile.columns) {
      const [first, second] = sums(column);
      lines.push(`vmov ${first},${second},s0,s1`);
      add(column);
    }
  }
  return lines;
}

/** Six products: rows 0 to 2 into the first sum, rows 1 to 3 into the second. */
function multiply([first, second]: readonly [string, string], tap: number, { rows }: Target): string[] {
  const [upper, lower] = [`r${tap}`, `r${3 + tap}`];
  const one = [`smlad ${first},r6,${upper},${first}`, `smlabt ${first},r7,${lower},${first}`];
  if (rows === 1) return one;
  return [...one, `smlatb ${second},r6,${upper},${second}`, `smlad ${second},r7,${lower},${second}`];
}

function finish(
  [first, second]: readonly [string, string],
  output: number,
  to: Target,
  kind: Segment['kind'],
  shift: number,
): string[] {
  const wanted = to.rows === 1 ? [first] : [first, second];
  const both = (line: (register: string) => string) => wanted.map(line);
  const requantized =
    kind === 'fixed'
      ? [...both((r) => `smmul ${r},${r},r12`), ...both((r) => `ssat ${r},#8,${r},asr #${shift}`)]
      : [
          `vmov s6,s7,${first},${second}`,
          ...['s6', 's7'].map((s) => `vcvt.f32.s32 ${s},${s}`),
          ...['s6', 's7'].map((s) => `vmul.f32 ${s},${s},s2`),
          ...['s6', 's7'].map((s) => `vcvtr.s32.f32 ${s},${s}`),
          `vmov ${first},${second},s6,s7`,
          ...both((r) => `qadd ${r},${r},r12`),
          ...both((r) => `ssat ${r},#8,${r}`),
        ];
  const stores = wanted.map((r, row) => `strb ${r},[lr,#${row * to.row + to.column * output}]`);
  return [...requantized, ...stores];
}

function driverText(name: string, header: string, shape: DepthwiseShape, tiles: readonly Tile[]): string {
  const pitch = pitchOf(shape);
  const constants: [string, number][] = [
    ['IN_H', shape.inHeight],
    ['IN_W', shape.inWidth],
    ['CHANNELS', shape.channels],
    ['OUT_H', shape.outHeight],
    ['OUT_W', shape.outWidth],
    ['PAD_TOP', shape.padTop],
    ['PAD_LEFT', shape.padLeft],
    ['PITCH', pitch],
  ];
  const prototypes = new Set(
    tiles.flatMap((tile) => variantsOf(shape, tile).map((variant) => tilePrototype(tileName(variant), variant.strips))),
  );
  return [
    '/* Generated by nanoc: depthwise 3x3, four channels and two rows at a time (docs/KERNELS.md). */',
    `#include "${header}"`,
    '',
    'enum {',
    ...constants.map(([key, value]) => `  ${key} = ${value},`),
    '};',
    '',
    ...[...prototypes].map((each) => `${each};`),
    '',
    ...stripFunction(shape),
    '',
    ...rowsFunction(shape, tiles),
    '',
    ...mainFunction(name, shape),
    '',
  ].join('\n');
}

/** Rows inside the image are widened by straight code where a row is short. */
function unrollsWidening({ inWidth, channels, small }: DepthwiseShape): boolean {
  return !small && inWidth <= WIDEST && inWidth * channels <= FARTHEST;
}

function widenName({ inWidth, channels, outWidth, fast }: DepthwiseShape): string {
  return `nanoc_widen_rows_dsp_${inWidth}x${channels}_pitch${outWidth + 2}${fast ? '_turns' : ''}`;
}

/** Words from one column of A to the next. */
function columnStep({ fast }: DepthwiseShape): 1 | 2 {
  return fast ? 2 : 1;
}

const WIDEN_ARGUMENTS = '(const int8_t *top, const int8_t *bottom, uint32_t *strip, uint32_t minus_zeros)';

/** r0 and r1 the rows, r2 the strip of the first channel, r3 the negative zero point in two halfwords. */
function widenSource(shape: DepthwiseShape): GeneratedSource {
  const name = widenName(shape);
  const { inWidth, channels } = shape;
  const step = columnStep(shape);
  const pitch = step * pitchOf(shape);
  const columns = Array.from({ length: inWidth }, (_, column) => [
    `ldr r4,[r0,#${column * channels}]`,
    `ldr r5,[r1,#${column * channels}]`,
    'pkhbt r6,r4,r5,lsl #16',
    'pkhtb r7,r5,r4,asr #16',
    'sxtab16 r4,r3,r6',
    'sxtab16 r5,r3,r6,ror #8',
    'sxtab16 r6,r3,r7',
    'sxtab16 r7,r3,r7,ror #8',
    ...[0, 1, 2, 3].map((channel) => `str r${4 + channel},[r2,#${4 * (step * column + channel * pitch)}]`),
  ]);
  const lines = [
    '/* Generated by nanoc. Two rows of four channels into strips; see nanoc/dsp.h. */',
    '#include "nanoc/dsp.h"',
    '',
    `void ${name}${WIDEN_ARGUMENTS};`,
    '',
    '#if NANOC_DSP_ASSEMBLY',
    '',
    ...assemblyFunction(name, ['push {r4-r7}', ...columns.flat(), 'pop {r4-r7}', 'bx lr']),
    '',
    '#else',
    '',
    `void ${name}${WIDEN_ARGUMENTS} {`,
    `  nanoc_dsp_widen_rows(top, ${channels}, bottom, ${channels}, strip, ${inWidth}, ${step}, ${pitch}, minus_zeros);`,
    '}',
    '',
    '#endif',
    '',
  ];
  return { path: `src/${name}.c`, content: lines.join('\n') };
}

function stripFunction(shape: DepthwiseShape): string[] {
  const inside = unrollsWidening(shape)
    ? [
        '  if (iy >= 0 && iy + 1 < IN_H) {',
        '    const int8_t *row = x + iy * IN_W * CHANNELS;',
        `    ${widenName(shape)}(row, row + IN_W * CHANNELS, strip + ${columnStep(shape) === 2 ? '2 * ' : ''}PAD_LEFT, p->minus_zeros);`,
        '    return;',
        '  }',
      ]
    : [];
  return [
    ...(unrollsWidening(shape) ? [`void ${widenName(shape)}${WIDEN_ARGUMENTS};`, ''] : []),
    '/* Widens rows iy and iy + 1 of four channels into a strip; rows outside the image are its zero point. */',
    'static void widen_rows(const int8_t *x, int32_t iy, uint32_t *strip, const nanoc_dsp_depthwise_params *p) {',
    ...inside,
    '  const int8_t *zeros = (const int8_t *)&p->x_zeros;',
    '  const int32_t top_inside = iy >= 0 && iy < IN_H;',
    '  const int32_t bottom_inside = iy + 1 >= 0 && iy + 1 < IN_H;',
    '  const int8_t *top = top_inside ? x + iy * IN_W * CHANNELS : zeros;',
    '  const int8_t *bottom = bottom_inside ? x + (iy + 1) * IN_W * CHANNELS : zeros;',
    `  nanoc_dsp_widen_rows(top, top_inside ? CHANNELS : 0, bottom, bottom_inside ? CHANNELS : 0, strip + ${shape.fast ? '2 * PAD_LEFT, IN_W, 2, 2 * PITCH' : 'PAD_LEFT, IN_W, 1, PITCH'},`,
    '                       p->minus_zeros);',
    '}',
  ];
}

/** Two output rows of four channels, tile by tile. */
function rowsFunction(shape: DepthwiseShape, tiles: readonly Tile[]): string[] {
  const main = tiles[0]!;
  const rest = tiles.at(-1)!;
  const whole = tiles.filter((tile) => tile.columns === main.columns).length;
  const unused = [...(shape.kinds.length === 1 ? ['  (void)exact;'] : []), ...(shape.clamps ? [] : ['  (void)p;'])];
  const direct = isDirect(shape, main);
  const needsRows = !direct || targetsOf(shape, main).length === 2;
  return [
    `/* Two output rows of four channels from ${shape.fast ? 'the strip, which begins with the upper rows where `turn` is 0' : 'strips a and b'}; the second is dropped behind the last row. */`,
    `static void two_rows(${shape.fast ? 'const uint32_t *strip, int32_t turn' : 'const uint32_t *a, const uint32_t *b'}, const uint32_t *w, int8_t *tile, int8_t *y, int32_t rows,`,
    '                     int32_t exact, const nanoc_dsp_depthwise_params *p) {',
    ...(shape.fast && shape.outHeight <= 2 ? ['  (void)turn;'] : []),
    ...unused,
    ...(direct ? ['  (void)tile;'] : []),
    ...(needsRows ? [] : ['  (void)rows;']),
    `  for (int32_t column = 0; column < ${whole * main.columns}; column += ${main.columns}) {`,
    ...tileCalls(shape, main),
    '  }',
    ...(rest.columns === main.columns
      ? []
      : ['  {', `    const int32_t column = ${whole * main.columns};`, ...tileCalls(shape, rest), '  }']),
    '}',
  ];
}

/** One tile: straight into the image, else by way of the tile store. */
function tileCalls(shape: DepthwiseShape, tile: Tile): string[] {
  const [first, last] = targetsOf(shape, tile);
  if (isDirect(shape, tile)) {
    const straight = targetCalls(shape, tile, first!, 'y + column * CHANNELS');
    if (last === undefined) return straight;
    const single = targetCalls(shape, tile, last, 'y + column * CHANNELS');
    return ['    if (rows == 2) {', ...indented(straight), '    } else {', ...indented(single), '    }'];
  }
  return [
    ...targetCalls(shape, tile, first!, 'tile'),
    ...(shape.clamps ? [`    nanoc_dsp_clamp(tile, 8 * ${tile.columns}, p->low, p->high);`] : []),
    `    nanoc_dsp_place(tile, y + column * CHANNELS, ${tile.columns}, CHANNELS);`,
    '    if (rows == 2) {',
    `      nanoc_dsp_place(tile + 4 * ${tile.columns}, y + (OUT_W + column) * CHANNELS, ${tile.columns}, CHANNELS);`,
    '    }',
  ];
}

/** The function for where A and B are and for the requantization of the four channels. */
function targetCalls(shape: DepthwiseShape, tile: Tile, to: Target, output: string): string[] {
  const inputs = shape.fast ? 'strip + 2 * column' : 'a + column, b + column';
  const call = (strips: Strips, kind: Segment['kind']) =>
    `${tileName({ tile, to, kind, strips, shift: shape.shift })}(${inputs}, w, ${output});`;
  const of = (strips: Strips) =>
    shape.kinds.length === 1
      ? [`    ${call(strips, shape.kinds[0]!)}`]
      : either('exact != 0', [`    ${call(strips, 'exact')}`], [`    ${call(strips, 'fixed')}`]);
  const [one, two] = stripsOf(shape, to);
  return two === undefined ? of(one!) : either('turn == 0', of(one!), of(two));
}

function either(condition: string, yes: readonly string[], no: readonly string[]): string[] {
  return [`    if (${condition}) {`, ...indented(yes), '    } else {', ...indented(no), '    }'];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function mainFunction(name: string, shape: DepthwiseShape): string[] {
  const { fast } = shape;
  const rows = shape.outHeight % 2 === 0 ? '2' : 'oy + 2 <= OUT_H ? 2 : 1';
  const output = `y + oy * OUT_W * CHANNELS + channel, ${rows}, exact, params`;
  const weights = fast
    ? [`    const uint32_t *w = params->weights + ${CHANNEL_WORDS} * channel;`]
    : [
        '    uint32_t *a = scratch;',
        '    uint32_t *b = scratch + 4 * PITCH;',
        '    uint32_t *w = scratch + 8 * PITCH;',
        '    nanoc_dsp_depthwise_expand(params->weights + 5 * channel, w, exact, params->y_zero);',
      ];
  const pairs = fast
    ? [
        '      const int32_t turn = (oy >> 1) & 1;',
        '      widen_rows(x + channel, oy - PAD_TOP + 2, scratch + 1 - turn, params);',
        `      two_rows(scratch, turn, w, tile, ${output});`,
      ]
    : [
        '      widen_rows(x + channel, oy - PAD_TOP + 2, b, params);',
        `      two_rows(a, b, w, tile, ${output});`,
        '      uint32_t *const next = a;',
        '      a = b;',
        '      b = next;',
      ];
  const body = [
    '  for (int32_t channel = 0; channel < CHANNELS; channel += 4) {',
    '    const int32_t exact = params->exact == NULL ? 0 : params->exact[channel / 4];',
    ...weights,
    `    widen_rows(x + channel, -PAD_TOP, ${fast ? 'scratch' : 'a'}, params);`,
    '    for (int32_t oy = 0; oy < OUT_H; oy += 2) {',
    ...pairs,
    '    }',
    '  }',
  ];
  return [
    `void ${name}${ARGUMENTS} {`,
    `  int8_t *tile = (int8_t *)(scratch + ${scratchWords(shape)});`,
    '  /* Columns of padding stay 0: only what is inside the image is widened, and rows outside it over the width of it. */',
    '  (void)memset(scratch, 0, 8 * PITCH * sizeof(uint32_t));',
    ...(shape.batches === 1
      ? body
      : [
          `  for (int32_t batch = 0; batch < ${shape.batches}; batch++, x += IN_H * IN_W * CHANNELS, y += OUT_H * OUT_W * CHANNELS) {`,
          ...indented(body),
          '  }',
        ]),
    '}',
  ];
}
