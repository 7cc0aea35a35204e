/**
 * Convolutions read where the image lies: four pixels of a row and two channels at a time. The weights of up to three taps of a row are
 * in registers while the inputs pass, so that an input is loaded once for all the pixels that it belongs to.
 */
import type { GeneratedSource } from '../../ir/kernel-call.js';
import { leadOfSteps, type Step } from '../../ops/shared/overlap.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { add, clamped, frameBytes, lanes, mveFunction, SUMS, scaled } from './assembly.js';
import {
  firstByte,
  type Geometry,
  geometryConstants,
  geometryName,
  leaves,
  spanHeight,
  spanWidth,
} from './geometry.js';
import { constantsText, type Generated, headerSource } from './source.js';
import { StreamWriter } from './stream-writer.js';

export interface RowsShape {
  readonly geometry: Geometry;
  readonly clamps: boolean;
}

/** Pixels of a patch. */
const PIXELS = 4;
/** Taps whose weights are held: two channels in six registers. */
const TAPS = 3;
/** Words at sp: x, y, patches left, stream, low, high. */
const LOCALS = 28;
/** Farthest offset of a load. */
const REACH = 508;
/** Most products of a vector that are written out for one pixel and channel. */
const LONGEST = 64;

/** Taps of a row, in runs whose weights are held together. */
function runsOfTaps({ kernelWidth }: Geometry): number[][] {
  const taps = Array.from({ length: kernelWidth }, (_, tap) => tap);
  return Array.from({ length: Math.ceil(kernelWidth / TAPS) }, (_, i) => taps.slice(TAPS * i, TAPS * i + TAPS));
}

/** Input columns of a patch that meet the taps, ascending. */
function columnsOf({ strideWidth, dilationWidth }: Geometry, taps: readonly number[]): number[] {
  const columns = taps.flatMap((tap) =>
    Array.from({ length: PIXELS }, (_, pixel) => tap * dilationWidth + pixel * strideWidth),
  );
  return [...new Set(columns)].sort((a, b) => a - b);
}

export function patchWidth(g: Geometry): number {
  return (PIXELS - 1) * g.strideWidth + spanWidth(g);
}

/** Bytes between the start of a patch and what its pointer points to, so that offsets reach both ways. */
function pointerBias(g: Geometry): number {
  return patchWidth(g) * g.inChannels - 16 > REACH ? REACH - 4 : 0;
}

export function whyNotRows(g: Geometry): string | undefined {
  if (g.inChannels % 16 !== 0) return 'the number of inputs of a pixel is no multiple of sixteen';
  if (g.outChannels % 2 !== 0) return 'an uneven number of output channels';
  if (g.outWidth < PIXELS) return 'fewer than four columns';
  if (patchWidth(g) * g.inChannels - 16 - pointerBias(g) > REACH) return 'four pixels are too long';
  if ((g.kernelHeight * g.kernelWidth * g.inChannels) / 16 > LONGEST) return 'too many inputs';
  return undefined;
}

/** Instructions, about, to choose by. */
export function rowsCost(g: Geometry): number {
  const chunk = runsOfTaps(g).reduce((sum, taps) => sum + 10 * taps.length + columnsOf(g, taps).length, 0);
  const pair = g.kernelHeight * ((chunk * g.inChannels) / 16 + 1) + 23;
  const patches = g.outHeight * starts(g).length;
  const inPlace = wholeRows(g) * placed(g).count;
  const copy = g.kernelHeight * (30 + (patchWidth(g) * g.inChannels) / 4);
  return g.batches * (patches * ((g.outChannels / 2) * pair + 20) + (patches - inPlace) * copy);
}

/** Pairs of channels: for each row of taps, sixteen inputs and run of taps the weights [tap][2][16]; two biases, two scales. */
export function packRows(layer: StreamLayer, g: Geometry): Uint32Array {
  const writer = new StreamWriter(layer);
  for (let first = 0; first < layer.channels.length; first += 2) {
    for (let row = 0; row < g.kernelHeight; row += 1) {
      for (let start = 0; start < g.inChannels; start += 16) {
        for (const tap of runsOfTaps(g).flat()) {
          const at = (row * g.kernelWidth + tap) * g.inChannels + start;
          for (const c of [first, first + 1]) for (let i = 0; i < 16; i += 1) writer.weight(c, at + i);
        }
      }
    }
    writer.biases([first, first + 1]);
    writer.scales([first, first + 1]);
  }
  return writer.words();
}

function pairBytes(g: Geometry): number {
  return 2 * g.kernelHeight * g.kernelWidth * g.inChannels + 16;
}

function patchName({ geometry: g, clamps }: RowsShape): string {
  const dilated = g.dilationWidth > 1 ? `d${g.dilationWidth}` : '';
  return `nanoc_rows_mve_${g.inChannels}x${g.outChannels}_k${g.kernelHeight}x${g.kernelWidth}${dilated}_s${g.strideWidth}${clamps ? '_clamp' : ''}`;
}

function patchPrototype(shape: RowsShape): string {
  return `void ${patchName(shape)}(const int8_t *x, int8_t *y, int32_t patches, const nanoc_mve_params *params, int32_t pitch)`;
}

/** r1 x, r3 stream, r5 y, r7 zero point of y, r9 bytes between rows of taps, r11 end of the stream; q7 offsets of four output pixels. */
function instructions(shape: RowsShape): string[] {
  const { geometry: g } = shape;
  return [
    ...add('r0', 'r0', pointerBias(g), 'r12'),
    'strd r0,r1,[sp,#0]',
    'ldrd r7,r4,[r3,#4]',
    'ldrd r6,r3,[r3,#12]',
    'strd r2,r3,[sp,#8]',
    'strd r4,r6,[sp,#16]',
    `ldr r9,[sp,#${frameBytes(LOCALS)}]`,
    ...add('r11', 'r3', (g.outChannels / 2) * pairBytes(g), 'r0'),
    'movs r0,#0',
    'vidup.u32 q7,r0,#1',
    `movw r0,#${g.outChannels}`,
    'vmul.i32 q7,q7,r0',
    '1:',
    'ldrd r1,r5,[sp,#0]',
    'ldr r3,[sp,#12]',
    '2:',
    ...products(g),
    'ldr r1,[sp,#0]',
    ...finish(shape),
    'bne 2b',
    ...add('r1', 'r1', PIXELS * g.strideWidth * g.inChannels, 'r0'),
    ...add('r5', 'r5', (PIXELS - 1) * g.outChannels, 'r0'),
    'strd r1,r5,[sp,#0]',
    'ldr r2,[sp,#8]',
    'subs r2,#1',
    'str r2,[sp,#8]',
    'bne 1b',
  ];
}

/** The sums of four pixels and two channels; of a channel's four, one behind the other. */
function products(g: Geometry): string[] {
  const lines: string[] = [];
  const summed = new Set<string>();
  for (let row = 0; row < g.kernelHeight; row += 1) {
    for (let start = 0; start < g.inChannels; start += 16) {
      for (const taps of runsOfTaps(g)) lines.push(...runProducts(g, taps, start, summed));
    }
    if (row < g.kernelHeight - 1) lines.push('add r1,r9');
  }
  return lines;
}

function runProducts(g: Geometry, taps: readonly number[], start: number, summed: Set<string>): string[] {
  const lines = taps.flatMap((_, i) => [0, 1].map((c) => `vldrw.u32 q${2 * i + c},[r3],#16`));
  for (const column of columnsOf(g, taps)) {
    lines.push(`vldrw.u32 q6,[r1,#${column * g.inChannels + start - pointerBias(g)}]`);
    taps.forEach((tap, i) => {
      const pixel = (column - tap * g.dilationWidth) / g.strideWidth;
      if (!Number.isInteger(pixel) || pixel < 0 || pixel >= PIXELS) return;
      for (const c of [0, 1]) {
        const sum = SUMS[PIXELS * c + pixel]!;
        // The first product of a sum starts it.
        lines.push(`${summed.has(sum) ? 'vmladava' : 'vmladav'}.s8 ${sum},q${2 * i + c},q6`);
        summed.add(sum);
      }
    });
  }
  return lines;
}

function finish({ clamps }: RowsShape): string[] {
  const narrow = (q: string, spare: string) => [
    `vqmovnb.s32 ${q},${q}`,
    `vqadd.s16 ${q},${q},r7`,
    ...(clamps ? clamped(q, spare, 16) : []),
  ];
  return [
    ...lanes('q5', SUMS.slice(0, 4)),
    ...lanes('q6', SUMS.slice(4)),
    'ldm r3!,{r0,r2,r4,r6}',
    'vadd.i32 q5,q5,r0',
    'vadd.i32 q6,q6,r2',
    ...scaled('q5', 'q6', ['r4', 'r6']),
    ...narrow('q5', 'q4'),
    ...narrow('q6', 'q4'),
    'vqmovnb.s16 q5,q5',
    'vqmovnt.s16 q5,q6',
    'vstrh.32 q5,[r5,q7]',
    'adds r5,#2',
    'cmp r3,r11',
  ];
}

function patchSource(shape: RowsShape): GeneratedSource {
  const name = patchName(shape);
  const { geometry: g } = shape;
  const numbers = [g.inChannels, g.outChannels, g.kernelHeight, g.kernelWidth, g.dilationWidth, g.strideWidth];
  const lines = [
    '/* Generated by nanoc. Four pixels of a row, two channels at a time; see nanoc/mve.h for the layout of the stream. */',
    '#include "nanoc/mve.h"',
    '',
    `${patchPrototype(shape)};`,
    '',
    '#if NANOC_MVE_ASSEMBLY',
    '',
    ...mveFunction(name, LOCALS, instructions(shape)),
    '',
    '#else',
    '',
    `${patchPrototype(shape)} {`,
    `  static const int32_t shape[6] = {${numbers.join(', ')}};`,
    '  nanoc_mve_rows(x, y, patches, params, pitch, shape);',
    '}',
    '',
    '#endif',
    '',
  ];
  return { path: `src/${name}.c`, content: lines.join('\n') };
}

/** Output columns at which patches start: every fourth, and the last four where those do not come out even. */
export function starts({ outWidth }: Geometry): number[] {
  const whole = Array.from({ length: Math.floor(outWidth / PIXELS) }, (_, i) => PIXELS * i);
  return outWidth % PIXELS === 0 ? whole : [...whole, outWidth - PIXELS];
}

/** Patches that are read in place in rows that allow it: the index of the first in `starts`, and how many. */
export function placed(g: Geometry): { readonly first: number; readonly count: number } {
  const inside = starts(g).map((start) => {
    const left = start * g.strideWidth - g.padLeft;
    return start % PIXELS === 0 && left >= 0 && left + patchWidth(g) <= g.inWidth;
  });
  return { first: Math.max(0, inside.indexOf(true)), count: inside.filter((whole) => whole).length };
}

/** Output rows whose windows do not leave the image above or below. */
export function wholeRows(g: Geometry): number {
  const tops = Array.from({ length: g.outHeight }, (_, row) => row * g.strideHeight - g.padTop);
  return tops.filter((top) => top >= 0 && top + spanHeight(g) <= g.inHeight).length;
}

/** True where a patch may have to be copied: it leaves the image, or is not one of every fourth. */
function copies(g: Geometry): boolean {
  return leaves(g) || g.outWidth % PIXELS !== 0;
}

export function rowsScratch(g: Geometry): number {
  return copies(g) ? g.kernelHeight * patchWidth(g) * g.inChannels : 0;
}

export function generateRows(shape: RowsShape): Generated {
  const { geometry: g } = shape;
  const name = `nanoc_conv_rows_mve_${geometryName(g)}${shape.clamps ? '_clamp' : ''}`;
  const scratch = copies(g) ? 'int8_t *scratch, ' : '';
  const prototype = `void ${name}(const int8_t *x, int8_t *y, ${scratch}const nanoc_mve_params *params)`;
  const contract = `x and y as nanoc_conv_s8; ${copies(g) ? 'x and scratch' : 'x'} on a word.`;
  const header = headerSource(name, contract, prototype);
  const include = header.path.replace('include/', '');
  const body = copies(g) ? copyingText(prototype, shape) : plainText(prototype, shape);
  const { first, count } = placed(g);
  const constants: [string, number][] = [
    ...geometryConstants(g),
    ['FIRST', PIXELS * first],
    ['PLACED', count],
    ['COLUMNS', patchWidth(g)],
  ];
  const lines = [
    `/* Generated by nanoc: ${g.kernelHeight}x${g.kernelWidth} convolution, four pixels of a row and two channels at a time (docs/KERNELS.md). */`,
    `#include "${include}"`,
    '',
    ...constantsText(constants, body),
    '',
    `${patchPrototype(shape)};`,
    '',
    ...body,
    '',
  ];
  return {
    function: name,
    header: include,
    generated: [header, { path: `src/${name}.c`, content: lines.join('\n') }, patchSource(shape)],
    scratchBytes: rowsScratch(g),
    stack: frameBytes(LOCALS),
  };
}

function plainText(prototype: string, shape: RowsShape): string[] {
  return [
    `${prototype} {`,
    '  for (int32_t batch = 0; batch < BATCHES; batch++) {',
    '    const int8_t *row = x + batch * IN_H * IN_W * IN_C;',
    '    for (int32_t oy = 0; oy < OUT_H; oy++) {',
    `      ${patchName(shape)}(row, y, PLACED, params, DILATION_H * IN_W * IN_C);`,
    '      row += STRIDE_H * IN_W * IN_C;',
    '      y += OUT_W * OUT_C;',
    '    }',
    '  }',
    '}',
  ];
}

function copyingText(prototype: string, shape: RowsShape): string[] {
  const { geometry: g } = shape;
  return [...patchFunction(g), '', ...mainFunction(prototype, shape)];
}

/** Copies a patch: the rows of taps, one behind the other. */
function patchFunction(g: Geometry): string[] {
  const copied = leaves(g)
    ? [
        '    if (iy < 0 || iy >= IN_H) {',
        '      nanoc_mve_fill(to, zero, COLUMNS * IN_C);',
        '    } else {',
        '      nanoc_mve_copy_row(to, row, left, right, COLUMNS * IN_C, zero);',
        '    }',
        '    iy += DILATION_H;',
      ]
    : ['    nanoc_mve_copy(to, row, COLUMNS * IN_C);'];
  return [
    '/* Copies the rows of taps of four pixels; what lies outside the image holds the zero point. */',
    `static void copy(const int8_t *row, ${leaves(g) ? 'int32_t iy, int32_t ix, ' : ''}int8_t *to${leaves(g) ? ', int32_t zero' : ''}) {`,
    ...(leaves(g)
      ? [
          '  const int32_t left = nanoc_clamp(-ix, 0, COLUMNS) * IN_C;',
          '  const int32_t right = nanoc_clamp(IN_W - ix, 0, COLUMNS) * IN_C;',
        ]
      : []),
    '  for (int32_t ky = 0; ky < KERNEL_H; ky++) {',
    ...copied,
    '    to += COLUMNS * IN_C;',
    '    row += DILATION_H * IN_W * IN_C;',
    '  }',
    '}',
  ];
}

function mainFunction(prototype: string, shape: RowsShape): string[] {
  const { geometry: g } = shape;
  const name = patchName(shape);
  const arguments_ = leaves(g) ? 'iy, ix, scratch, params->x_zero' : 'scratch';
  const inRow = leaves(g) ? `iy >= 0 && iy + ${spanHeight(g)} <= IN_H` : '1';
  const run = placed(g).count > 0;
  return [
    `${prototype} {`,
    '  for (int32_t batch = 0; batch < BATCHES; batch++) {',
    '    for (int32_t iy = -PAD_TOP; iy < OUT_H * STRIDE_H - PAD_TOP; iy += STRIDE_H) {',
    ...(run ? [`      const int32_t whole = ${inRow};`] : []),
    '      for (int32_t ox = 0; ox < OUT_W;) {',
    '        const int32_t start = ox + 4 <= OUT_W ? ox : OUT_W - 4;',
    '        const int32_t ix = start * STRIDE_W - PAD_LEFT;',
    ...(run
      ? [
          '        if (whole && start == FIRST) {',
          `          ${name}(x + (iy * IN_W + ix) * IN_C, y + start * OUT_C, PLACED, params, DILATION_H * IN_W * IN_C);`,
          '          ox = FIRST + 4 * PLACED;',
          '          continue;',
          '        }',
        ]
      : []),
    `        copy(x + (iy * IN_W + ix) * IN_C, ${arguments_});`,
    `        ${name}(scratch, y + start * OUT_C, 1, params, COLUMNS * IN_C);`,
    '        ox = start + 4;',
    '      }',
    '      y += OUT_W * OUT_C;',
    '    }',
    '    x += IN_H * IN_W * IN_C;',
    '  }',
    '}',
  ];
}

/** Patches in place are read again for every two channels; copied ones are read before any output is written. */
export function rowsLead(g: Geometry): number {
  const steps: Step[] = [];
  const { first, count } = placed(g);
  for (let row = 0; row < g.batches * g.outHeight; row += 1) {
    const [batch, oy] = [Math.floor(row / g.outHeight), row % g.outHeight];
    const top = oy * g.strideHeight - g.padTop;
    const whole = top >= 0 && top + spanHeight(g) <= g.inHeight;
    starts(g).forEach((start, index) => {
      const pixels = Array.from({ length: PIXELS }, (_, i) => firstByte(g, batch, oy, start + i));
      const step = { readStart: Math.min(...pixels), writeEnd: (row * g.outWidth + start + PIXELS) * g.outChannels };
      const inPlace = whole && index >= first && index < first + count;
      steps.push(...(inPlace ? [step, step] : [step]));
    });
  }
  return leadOfSteps(steps, g.batches * g.inHeight * g.inWidth * g.inChannels);
}
