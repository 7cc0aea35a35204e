/**
 * Depthwise convolution of any window, sixteen channels in the lanes of a vector. Products are summed in halfwords as long as no
 * sum of any channel can leave them, then widened; the compiler knows the weights, so it knows how many taps that is.
 */
import type { GeneratedSource } from '../../ir/kernel-call.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { repeatedName } from '../repeated-taps.js';
import { add, frameBytes, mveFunction } from './assembly.js';
import { type Geometry, geometryConstants, geometryName, leaves, spanHeight, spanWidth } from './geometry.js';
import { insideColumns } from './narrow.js';
import { constantsText, type Generated, headerSource } from './source.js';
import { StreamWriter } from './stream-writer.js';
import { windowFunction } from './window-copy.js';

export interface WindowShape {
  readonly geometry: Geometry;
  /** How many taps, in their order, are summed in halfwords before they are widened. */
  readonly runs: readonly number[];
  /** Taps of the window in order; for weights that leave int8 without their zero point some of them more than once. */
  readonly taps: readonly number[];
  readonly clamps: boolean;
}

/** Even and odd channels apart, each in the order in which VMOVLB and VMOVLT widen them. */
const ORDER = [
  [0, 4, 8, 12],
  [2, 6, 10, 14],
  [1, 5, 9, 13],
  [3, 7, 11, 15],
] as const;

/** Words at sp: x, pixels left, low, high, stream, sums of the last four channels. */
const SPILL = 24;
const LOCALS = SPILL + 20;

/** The longest runs of taps whose sums fit halfwords for every channel and every input. */
export function runsOf({ weights, inner, channels }: StreamLayer): number[] {
  const runs: number[] = [];
  const least = new Int32Array(channels.length);
  const greatest = new Int32Array(channels.length);
  for (let tap = 0, length = 0; tap < inner; tap += 1) {
    let fits = length > 0;
    for (let c = 0; c < channels.length; c += 1) {
      const products = [-128 * weights[c * inner + tap]!, 127 * weights[c * inner + tap]!];
      least[c]! += Math.min(...products);
      greatest[c]! += Math.max(...products);
      if (least[c]! < -32768 || greatest[c]! > 32767) fits = false;
    }
    if (fits) {
      length += 1;
      runs[runs.length - 1] = length;
      continue;
    }
    for (let c = 0; c < channels.length; c += 1) {
      const products = [-128 * weights[c * inner + tap]!, 127 * weights[c * inner + tap]!];
      least[c] = Math.min(...products);
      greatest[c] = Math.max(...products);
    }
    length = 1;
    runs.push(1);
  }
  return runs;
}

/** Instructions, about, to choose by. */
export function windowCost(g: Geometry, runs: number): number {
  const taps = g.kernelHeight * g.kernelWidth;
  const pixels = g.batches * g.outHeight * g.outWidth;
  const borders = pixels - g.batches * g.outHeight * insideColumns(g)[1];
  return pixels * Math.ceil(g.inChannels / 16) * (40 + 6 * taps + 10 * runs) + borders * taps * (8 + g.inChannels / 4);
}

/** Groups of sixteen channels: twelve biases, for each tap sixteen weights, behind the first run four more biases, sixteen scales. */
export function packWindow(layer: StreamLayer, runs: readonly number[]): Uint32Array {
  const writer = new StreamWriter(layer);
  for (let first = 0; first < layer.channels.length; first += 16) {
    const order = ORDER.map((lanes) => lanes.map((c) => first + c));
    for (const channels of order.slice(0, 3)) writer.biases(channels);
    for (let tap = 0; tap < layer.inner; tap += 1) {
      for (let c = first; c < first + 16; c += 1) writer.weight(c, tap);
      if (tap === runs[0]! - 1) writer.biases(order[3]!);
    }
    for (const channels of order) writer.scales(channels);
  }
  return writer.words();
}

function groupBytes({ taps }: WindowShape): number {
  return 16 * taps.length + 128;
}

function tapsName(shape: WindowShape): string {
  const { geometry: g } = shape;
  const dilated = g.dilationWidth > 1 ? `d${g.dilationWidth}` : '';
  return `nanoc_taps_mve_${g.inChannels}_k${g.kernelHeight}x${g.kernelWidth}${dilated}_s${g.strideWidth}${repeatedName(shape.taps)}_${shape.runs.join('_')}${shape.clamps ? '_clamp' : ''}`;
}

function tapsPrototype(shape: WindowShape): string {
  return `void ${tapsName(shape)}(const int8_t *x, int8_t *y, int32_t pixels, const nanoc_mve_params *params, int32_t pitch)`;
}

/** Rows of taps that have a pointer each; more are walked by one. */
const POINTERS = ['r0', 'r1', 'r2', 'r4', 'r6', 'r8'];

function walks({ geometry: g }: WindowShape): boolean {
  return g.kernelHeight > POINTERS.length;
}

/** Vectors may be read as words. */
export function readsWords({ inChannels }: Geometry): boolean {
  return inChannels % 4 === 0;
}

/**
 * r3 stream, r5 y, r9 zero point of y, r11 end of the stream, r10 channels left, r12 and lr spare; the rows' pointers; where rows are
 * walked r1 is their pointer and r7 their distance. q0 to q2 sums, q4 and q5 sums in halfwords, q3 and q6 products, q7 weights.
 */
function instructions(shape: WindowShape): string[] {
  const { geometry: g } = shape;
  const groups = Math.ceil(g.inChannels / 16);
  const partial = g.inChannels % 16;
  const pointers = POINTERS.slice(0, g.kernelHeight);
  const rows = pointers.slice(1).map((pointer, i) => `add ${pointer},${pointers[i]},r7`);
  return [
    'strd r0,r2,[sp,#0]',
    'mov r5,r1',
    'ldrd r9,r4,[r3,#4]',
    'ldrd r6,r3,[r3,#12]',
    'strd r4,r6,[sp,#8]',
    'str r3,[sp,#16]',
    `ldr r7,[sp,#${frameBytes(LOCALS)}]`,
    ...add('r11', 'r3', groups * groupBytes(shape), 'r0'),
    '1:',
    `ldr ${walks(shape) ? 'r1' : 'r0'},[sp,#0]`,
    'ldr r3,[sp,#16]',
    ...(partial === 0 ? [] : [`movw r10,#${g.inChannels}`]),
    ...(walks(shape) ? [] : rows),
    '2:',
    ...(partial === 0 ? [] : ['vctp.8 r10', 'sub r10,#16']),
    ...[0, 1, 2].map((q) => `vldrw.u32 q${q},[r3],#16`),
    ...tapLines(shape),
    ...finish(shape),
    'cmp r3,r11',
    'bne 2b',
    ...(partial === 0 ? [] : [`sub r5,#${16 - partial}`]),
    'ldrd r0,r2,[sp,#0]',
    ...add('r0', 'r0', g.strideWidth * g.inChannels, 'r4'),
    'subs r2,#1',
    'strd r0,r2,[sp,#0]',
    'bne 1b',
  ];
}

/** All taps of sixteen channels. The pointers are then sixteen further. */
function tapLines(shape: WindowShape): string[] {
  const { geometry: g, runs, taps } = shape;
  const lines: string[] = [];
  const ends = runs.map((_, i) => runs.slice(0, i + 1).reduce((a, b) => a + b, 0));
  for (let tap = 0; tap < taps.length; tap += 1) {
    const [row, column] = [Math.floor(taps[tap]! / g.kernelWidth), taps[tap]! % g.kernelWidth];
    const last = column === g.kernelWidth - 1 && taps[tap] !== taps[tap + 1];
    const pointer = walks(shape) ? 'r1' : POINTERS[row]!;
    const offset = column * g.dilationWidth * g.inChannels;
    lines.push(...load(shape, pointer, offset), 'vldrw.u32 q7,[r3],#16');
    if (last && !walks(shape)) lines.push(`adds ${pointer},#16`);
    if (last && walks(shape) && row < g.kernelHeight - 1) lines.push('add r1,r7');
    const first = tap === 0 || ends.includes(tap);
    if (first) lines.push('vmullb.s8 q4,q6,q7', 'vmullt.s8 q5,q6,q7');
    else lines.push('vmullb.s8 q3,q6,q7', 'vmullt.s8 q6,q6,q7', 'vadd.i16 q4,q4,q3', 'vadd.i16 q5,q5,q6');
    const run = ends.indexOf(tap + 1);
    if (run >= 0) lines.push(...widen(run === 0, run === runs.length - 1));
  }
  if (walks(shape)) lines.push(`movw r12,#${g.kernelHeight - 1}`, 'mls r1,r7,r12,r1', 'adds r1,#16');
  return lines;
}

/** Sixteen inputs into q6. */
function load({ geometry: g }: WindowShape, pointer: string, offset: number): string[] {
  const partial = g.inChannels % 16 !== 0;
  const words = readsWords(g);
  const reach = words ? 508 : 127;
  const name = words ? (partial ? 'vldrwt.u32' : 'vldrw.u32') : 'vldrbt.u8';
  const far = offset > reach;
  const address = far ? '[r12]' : `[${pointer},#${offset}]`;
  return [...(far ? add('r12', pointer, offset, 'lr') : []), ...(partial ? ['vpst'] : []), `${name} q6,${address}`];
}

/** Adds the sums in halfwords to those in words; the last four channels' wait on the stack. */
function widen(first: boolean, last: boolean): string[] {
  return [
    'vmovlb.s16 q6,q4',
    'vmovlt.s16 q3,q4',
    'vadd.i32 q0,q0,q6',
    'vadd.i32 q1,q1,q3',
    'vmovlb.s16 q6,q5',
    first ? 'vldrw.u32 q3,[r3],#16' : `vldrw.u32 q3,[sp,#${SPILL}]`,
    'vmovlt.s16 q5,q5',
    'vadd.i32 q2,q2,q6',
    'vadd.i32 q3,q3,q5',
    ...(last ? [] : [`vstrw.32 q3,[sp,#${SPILL}]`]),
  ];
}

function finish(shape: WindowShape): string[] {
  const sums = ['q0', 'q1', 'q2', 'q3'];
  const partial = shape.geometry.inChannels % 16 !== 0;
  return [
    ...sums.map((q) => `vcvt.f32.s32 ${q},${q}`),
    ...sums.flatMap((q, i) => [`vldrw.u32 q${4 + (i % 2)},[r3],#16`, `vmul.f32 ${q},${q},q${4 + (i % 2)}`]),
    ...sums.map((q) => `vcvtn.s32.f32 ${q},${q}`),
    'vqmovnb.s32 q0,q0',
    'vqmovnb.s32 q2,q2',
    'vqmovnt.s32 q0,q1',
    'vqmovnt.s32 q2,q3',
    'vqadd.s16 q0,q0,r9',
    'vqadd.s16 q2,q2,r9',
    ...(shape.clamps ? clampBoth() : []),
    'vqmovnb.s16 q0,q0',
    'vqmovnt.s16 q0,q2',
    ...(partial ? ['vpst', 'vstrbt.8 q0,[r5],#16'] : ['vstrb.8 q0,[r5],#16']),
  ];
}

function clampBoth(): string[] {
  const both = (name: string) => ['q0', 'q2'].map((q) => `${name}.s16 ${q},${q},q4`);
  return ['ldrd r12,lr,[sp,#8]', 'vdup.16 q4,r12', ...both('vmax'), 'vdup.16 q4,lr', ...both('vmin')];
}

function tapsSource(shape: WindowShape): GeneratedSource {
  const name = tapsName(shape);
  const { geometry: g } = shape;
  const again = repeatedName(shape.taps) !== '';
  const lines = [
    '/* Generated by nanoc. Depthwise, sixteen channels at a time; see nanoc/mve.h for the layout of the stream. */',
    '#include "nanoc/mve.h"',
    '',
    `${tapsPrototype(shape)};`,
    '',
    '#if NANOC_MVE_ASSEMBLY',
    '',
    ...mveFunction(name, LOCALS, instructions(shape)),
    '',
    '#else',
    '',
    `${tapsPrototype(shape)} {`,
    `  static const int32_t window[6] = {${g.inChannels}, ${shape.taps.length}, ${g.kernelWidth}, ${g.dilationWidth}, ${g.strideWidth}, ${shape.runs[0]}};`,
    ...(again
      ? [
          `  static const uint16_t taps[] = {${shape.taps.join(', ')}};`,
          '  nanoc_mve_window(x, y, pixels, params, pitch, window, taps);',
        ]
      : ['  nanoc_mve_window(x, y, pixels, params, pitch, window, NULL);']),
    '}',
    '',
    '#endif',
    '',
  ];
  return { path: `src/${name}.c`, content: lines.join('\n') };
}

/** Bytes of the copy of a window that leaves the image. */
function copyBytes(g: Geometry): number {
  return leaves(g) ? g.kernelHeight * spanWidth(g) * g.inChannels : 0;
}

export function generateWindow(shape: WindowShape): Generated {
  const { geometry: g } = shape;
  const name = `nanoc_window_mve_${geometryName(g)}${repeatedName(shape.taps)}_${shape.runs.join('_')}${shape.clamps ? '_clamp' : ''}`;
  const scratch = leaves(g) ? 'int8_t *scratch, ' : '';
  const prototype = `void ${name}(const int8_t *x, int8_t *y, ${scratch}const nanoc_mve_params *params)`;
  const contract = `x and y as nanoc_depthwise_s8${readsWords(g) ? '; x and scratch on a word' : ''}.`;
  const header = headerSource(name, contract, prototype);
  const include = header.path.replace('include/', '');
  const body = [...(leaves(g) ? [...windowFunction(g, 'spread'), ''] : []), ...mainFunction(prototype, shape)];
  const constants: [string, number][] = [
    ...geometryConstants(g),
    ['ROW', g.kernelWidth * g.inChannels],
    ['PITCH', spanWidth(g) * g.inChannels],
    ['FIRST', insideColumns(g)[0]],
    ['WHOLE', insideColumns(g)[1]],
  ];
  const lines = [
    `/* Generated by nanoc: depthwise ${g.kernelHeight}x${g.kernelWidth} convolution, sixteen channels at a time (docs/KERNELS.md). */`,
    `#include "${include}"`,
    '',
    ...constantsText(constants, body),
    '',
    `${tapsPrototype(shape)};`,
    '',
    ...body,
    '',
  ];
  return {
    function: name,
    header: include,
    generated: [header, { path: `src/${name}.c`, content: lines.join('\n') }, tapsSource(shape)],
    scratchBytes: copyBytes(g),
    stack: frameBytes(LOCALS),
  };
}

function mainFunction(prototype: string, shape: WindowShape): string[] {
  const { geometry: g } = shape;
  const call = (x: string, y: string, pixels: string, pitch: string) =>
    `${tapsName(shape)}(${x}, ${y}, ${pixels}, params, ${pitch});`;
  const pitch = 'DILATION_H * IN_W * IN_C';
  if (!leaves(g)) {
    return [
      `${prototype} {`,
      '  for (int32_t batch = 0; batch < BATCHES; batch++) {',
      '    for (int32_t oy = 0; oy < OUT_H; oy++) {',
      `      ${call('x + oy * STRIDE_H * IN_W * IN_C', 'y', 'OUT_W', pitch)}`,
      '      y += OUT_W * OUT_C;',
      '    }',
      '    x += IN_H * IN_W * IN_C;',
      '  }',
      '}',
    ];
  }
  const run = insideColumns(g)[1] > 0;
  return [
    '/* One pixel whose window leaves the image. */',
    'static void border(const int8_t *x, int32_t iy, int32_t ix, int8_t *y, int8_t *scratch, const nanoc_mve_params *params) {',
    '  window(x + (iy * IN_W + ix) * IN_C, iy, ix, scratch, params->x_zero);',
    `  ${call('scratch', 'y', '1', 'PITCH')}`,
    '}',
    '',
    `${prototype} {`,
    '  for (int32_t batch = 0; batch < BATCHES; batch++) {',
    '    for (int32_t iy = -PAD_TOP; iy < OUT_H * STRIDE_H - PAD_TOP; iy += STRIDE_H) {',
    ...(run ? [`      const int32_t whole = iy >= 0 && iy + ${spanHeight(g)} <= IN_H;`] : []),
    '      for (int32_t ox = 0; ox < OUT_W;) {',
    '        const int32_t ix = ox * STRIDE_W - PAD_LEFT;',
    ...(run
      ? [
          '        if (whole && ox == FIRST) {',
          `          ${call('x + (iy * IN_W + ix) * IN_C', 'y', 'WHOLE', pitch)}`,
          '          ox += WHOLE;',
          '          y += WHOLE * OUT_C;',
          '          continue;',
          '        }',
        ]
      : []),
    '        border(x, iy, ix, y, scratch, params);',
    '        ox++;',
    '        y += OUT_C;',
    '      }',
    '    }',
    '    x += IN_H * IN_W * IN_C;',
    '  }',
    '}',
  ];
}
