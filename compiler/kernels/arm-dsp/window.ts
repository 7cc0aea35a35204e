/**
 * Depthwise convolution of any window, four channels of one output pixel at a time. The taps are read two by two where they lie in
 * the image, or, when a window can leave the image, from a panel (window-panel.ts) or a copy with the zero point in place of what is missing. The weights of
 * four channels are expanded once and then serve all pixels.
 */

import type { GeneratedSource } from '../../ir/kernel-call.js';
import { headerFile, headerOf } from '../header-file.js';
import { repeatedName } from '../repeated-taps.js';
import { assemblyFunction, immediate, SAVED_BYTES } from './assembly.js';
import type { Segment } from './stream.js';
import { clearPanel, panelConstants, panelFunctions, panelOf } from './window-panel.js';

export interface WindowShape {
  readonly batches: number;
  readonly inHeight: number;
  readonly inWidth: number;
  /** At least four. */
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  /** Some window leaves the image. */
  readonly pads: boolean;
  /** Taps of the window in order; for weights that leave int8 without their zero point some of them more than once. */
  readonly taps: readonly number[];
  readonly shift: number;
  readonly kinds: readonly Segment['kind'][];
  readonly clamps: boolean;
}

export interface DspWindow {
  readonly function: string;
  readonly header: string;
  readonly generated: readonly GeneratedSource[];
  readonly scratchBytes: number;
}

/** How the inner function reaches its taps and goes from one pixel to the next; bytes. */
interface Walk {
  readonly offsets: readonly number[];
  readonly inputStep: number;
  readonly outputStep: number;
}

export function windowTaps(shape: Pick<WindowShape, 'kernelHeight' | 'kernelWidth'>): number {
  return shape.kernelHeight * shape.kernelWidth;
}

/** Words of four channels in flash: two for each two taps, four starts, four multipliers or scales. */
export function packedWords(taps: number): number {
  return 2 * Math.ceil(taps / 2) + 8;
}

/** Words of four channels expanded: starts, four for each two taps, multipliers or scales. */
function expandedWords(taps: number): number {
  return 4 * Math.ceil(taps / 2) + 8;
}

export function generateWindow(shape: WindowShape): DspWindow {
  const s = shape;
  const batch = s.batches === 1 ? '' : `${s.batches}x`;
  const window = `k${s.kernelHeight}x${s.kernelWidth}_s${s.strideHeight}x${s.strideWidth}_p${s.padTop}x${s.padLeft}`;
  const dilation = s.dilationHeight === 1 && s.dilationWidth === 1 ? '' : `_d${s.dilationHeight}x${s.dilationWidth}`;
  const tail = `${s.kinds.join('_')}${s.kinds.includes('fixed') ? s.shift : ''}${s.clamps ? '_clamp' : ''}`;
  const name = `nanoc_window_dsp_${batch}${s.inHeight}x${s.inWidth}x${s.channels}_${s.outHeight}x${s.outWidth}_${window}${dilation}${repeatedName(s.taps)}_${tail}`;
  const header = headerOf(name);
  return {
    function: name,
    header,
    generated: [
      headerFile(name, 'nanoc/dsp.h', [CONTRACT], `void ${name}${ARGUMENTS}`),
      { path: `src/${name}.c`, content: driverText(name, header, shape) },
      ...placesOf(shape).flatMap((place) =>
        shape.kinds.map((kind) => innerSource(innerName(shape, place, kind), walkOf(shape, place), kind, shape.shift)),
      ),
    ],
    scratchBytes: 4 * expandedWords(s.taps.length) + (panelOf(s)?.bytes ?? (s.pads ? 4 * windowTaps(s) : 0)),
  };
}

/** Where the taps of a window are read: in the image, in a copy of its own, or in the panel. */
type Place = 'image' | 'copy' | 'panel';

/** Output columns whose windows lie inside the image from left to right: first and last, not included. */
function insideColumns(shape: WindowShape): readonly [number, number] {
  const { inWidth, outWidth, padLeft, strideWidth, kernelWidth, dilationWidth } = shape;
  const first = Math.min(outWidth, Math.ceil(padLeft / strideWidth));
  const room = inWidth + padLeft - (kernelWidth - 1) * dilationWidth - 1;
  return [first, Math.min(outWidth, Math.max(first, Math.floor(room / strideWidth) + 1))];
}

/** Output rows whose windows lie inside the image from top to bottom. */
function insideRows(shape: WindowShape): readonly [number, number] {
  const turned = {
    ...shape,
    ...{ inWidth: shape.inHeight, outWidth: shape.outHeight, padLeft: shape.padTop, strideWidth: shape.strideHeight },
    ...{ kernelWidth: shape.kernelHeight, dilationWidth: shape.dilationHeight },
  };
  return insideColumns(turned);
}

function placesOf(shape: WindowShape): readonly Place[] {
  if (!shape.pads) return ['image'];
  if (panelOf(shape) !== undefined) return ['panel'];
  const empty = [insideColumns(shape), insideRows(shape)].some(([first, last]) => first >= last);
  return empty ? ['copy'] : ['image', 'copy'];
}

/** A row of output pixels is one call; a column where the image is one pixel wide. */
function walkOf(shape: WindowShape, place: Place): Walk {
  const { channels, inWidth, kernelWidth, dilationHeight, dilationWidth, strideHeight, strideWidth } = shape;
  if (place === 'copy') {
    return { offsets: shape.taps.map((tap) => 4 * tap), inputStep: 0, outputStep: 0 };
  }
  const panel = place === 'panel' ? panelOf(shape)! : undefined;
  const [pitch, pixel] = panel === undefined ? [inWidth, channels] : [panel.pitch, 4];
  const offsets = shape.taps.map(
    (tap) => (Math.floor(tap / kernelWidth) * dilationHeight * pitch + (tap % kernelWidth) * dilationWidth) * pixel,
  );
  if (panel !== undefined) return { offsets, inputStep: 4 * strideWidth, outputStep: channels };
  const inputStep = (walksDown(shape) ? strideHeight * inWidth : strideWidth) * channels;
  return { offsets, inputStep, outputStep: channels };
}

function walksDown(shape: WindowShape): boolean {
  return shape.outWidth === 1 && !shape.pads;
}

const CONTRACT =
  'Generated by nanoc for one shape. x and y as nanoc_depthwise_s8, which must not overlap; scratch on a word.';
const ARGUMENTS = '(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_dsp_window_params *params)';
const INNER_ARGUMENTS = '(const int8_t *x, int8_t *y, const uint32_t *w, int32_t count, int32_t zero)';

/** Named by all that its code depends on, so that equal functions are one. */
function innerName(shape: WindowShape, place: Place, kind: Segment['kind']): string {
  const { kernelHeight, kernelWidth, inWidth, channels, dilationHeight, dilationWidth } = shape;
  const tail = `${kind === 'fixed' ? `shift${shape.shift + 8}` : 'exact'}${repeatedName(shape.taps)}`;
  if (place === 'copy') return `nanoc_taps_dsp_${windowTaps(shape)}_${tail}`;
  const { inputStep } = walkOf(shape, place);
  const dilation = dilationHeight === 1 && dilationWidth === 1 ? '' : `d${dilationHeight}x${dilationWidth}_`;
  if (place === 'panel') {
    return `nanoc_taps_dsp_${kernelHeight}x${kernelWidth}_${dilation}panel${panelOf(shape)!.pitch}_step${inputStep}_to${channels}_${tail}`;
  }
  return `nanoc_taps_dsp_${kernelHeight}x${kernelWidth}_${dilation}of${inWidth}x${channels}_step${inputStep}_${tail}`;
}

function innerSource(name: string, walk: Walk, kind: Segment['kind'], shift: number): GeneratedSource {
  const { offsets, inputStep, outputStep } = walk;
  const common = `x, y, w, count, offsets, ${offsets.length}, ${inputStep}, ${outputStep}`;
  const lines = [
    '/* Generated by nanoc. Four channels of `count` pixels; see nanoc/dsp.h for the layout of w. */',
    '#include "nanoc/dsp.h"',
    '',
    `void ${name}${INNER_ARGUMENTS};`,
    '',
    '#if NANOC_DSP_ASSEMBLY',
    '',
    ...assemblyFunction(name, instructions(walk, kind, shift + 8)),
    '',
    '#else',
    '',
    `void ${name}${INNER_ARGUMENTS} {`,
    '  static const int32_t offsets[] = {',
    ...wrap(offsets),
    '  };',
    kind === 'fixed' ? '  (void)zero;' : '',
    `  nanoc_dsp_window_${kind}(${common}, ${kind === 'fixed' ? shift + 8 : 'zero'});`,
    '}',
    '',
    '#endif',
    '',
  ];
  return { path: `src/${name}.c`, content: lines.join('\n') };
}

function wrap(numbers: readonly number[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i < numbers.length; i += 12) lines.push(`      ${numbers.slice(i, i + 12).join(', ')},`);
  return lines;
}

/**
 * r0 x, r1 weights, r2 to r5 sums, r6 to r9 inputs, r10 to r12 and lr weights; s12 weights, s13 pixels left, s14 x, s15 y.
 */
function instructions(walk: Walk, kind: Segment['kind'], shift: number): string[] {
  const { offsets, inputStep, outputStep } = walk;
  const reach = new Reach();
  const pairs: string[] = [];
  for (let tap = 0; tap + 1 < offsets.length; tap += 2) {
    pairs.push(...reach.load('r6', offsets[tap]!), ...reach.load('r7', offsets[tap + 1]!), ...pair());
  }
  if (offsets.length % 2 === 1) pairs.push(...reach.load('r6', offsets.at(-1)!), ...single());
  return [
    'push {r4-r11,lr}',
    'vmov s14,s15,r0,r1',
    'vmov s12,s13,r2,r3',
    '1: vmov r0,s14',
    'vmov r1,s12',
    'ldm r1!,{r2-r5}',
    ...pairs,
    ...(kind === 'fixed' ? fixedTail(shift) : exactTail()),
    'vmov r6,r7,s14,s15',
    'strb r2,[r7]',
    'strb r3,[r7,#1]',
    'strb r4,[r7,#2]',
    'strb r5,[r7,#3]',
    'vmov r8,s13',
    ...advance('r6', inputStep),
    ...advance('r7', outputStep),
    'subs r8,r8,#1',
    'vmov s14,s15,r6,r7',
    'vmov s13,r8',
    'bne.w 1b',
    'pop {r4-r11,pc}',
  ];
}

/** Loads at offsets from r0, which is moved on when an offset does not fit twelve bits. */
class Reach {
  private base = 0;

  load(register: string, offset: number): string[] {
    const distance = offset - this.base;
    if (distance <= 4095) return [`ldr ${register},[r0,#${distance}]`];
    this.base = offset;
    return [...immediate('r8', distance), 'add r0,r0,r8', `ldr ${register},[r0]`];
  }
}

/** Two taps of four channels: halfwords of both taps, then one product each. */
function pair(): string[] {
  return [
    'pkhbt r8,r6,r7,lsl #16',
    'pkhtb r9,r7,r6,asr #16',
    'ldm r1!,{r10-r12,lr}',
    'sxtb16 r6,r8',
    'sxtb16 r7,r8,ror #8',
    'smlad r2,r6,r10,r2',
    'smlad r3,r7,r11,r3',
    'sxtb16 r6,r9',
    'sxtb16 r7,r9,ror #8',
    'smlad r4,r6,r12,r4',
    'smlad r5,r7,lr,r5',
  ];
}

/** The last of an odd number of taps: channels 0 and 2, then 1 and 3, in one word. */
function single(): string[] {
  return [
    'ldm r1!,{r10-r12,lr}',
    'sxtb16 r7,r6',
    'sxtb16 r8,r6,ror #8',
    'smlabb r2,r7,r10,r2',
    'smlabb r3,r8,r11,r3',
    'smlatb r4,r7,r12,r4',
    'smlatb r5,r8,lr,r5',
  ];
}

function advance(register: string, step: number): string[] {
  if (step === 0) return [];
  if (step <= 4095) return [`addw ${register},${register},#${step}`];
  return [...immediate('r9', step), `add ${register},${register},r9`];
}

function fixedTail(shift: number): string[] {
  const each = (line: (i: number) => string) => [0, 1, 2, 3].map(line);
  return [
    'ldm r1,{r6-r9}',
    ...each((i) => `smmul r${2 + i},r${2 + i},r${6 + i}`),
    ...each((i) => `ssat r${2 + i},#8,r${2 + i},asr #${shift}`),
  ];
}

/** float32(sum) * scale, rounded to nearest even and saturated by VCVTR, plus the zero point. */
function exactTail(): string[] {
  const each = (line: (s: number) => string) => [0, 1, 2, 3].map(line);
  return [
    'vmov s0,s1,r2,r3',
    'vmov s2,s3,r4,r5',
    'vldmia r1,{s4-s7}',
    ...each((s) => `vcvt.f32.s32 s${s},s${s}`),
    ...each((s) => `vmul.f32 s${s},s${s},s${s + 4}`),
    ...each((s) => `vcvtr.s32.f32 s${s},s${s}`),
    'vmov r2,r3,s0,s1',
    'vmov r4,r5,s2,s3',
    `ldr r6,[sp,#${SAVED_BYTES}]`,
    ...each((s) => `qadd r${s + 2},r${s + 2},r6`),
    ...each((s) => `ssat r${s + 2},#8,r${s + 2}`),
  ];
}

function driverText(name: string, header: string, shape: WindowShape): string {
  const taps = shape.taps.length;
  const panel = panelOf(shape);
  const constants: [string, number][] = [
    ['IN_H', shape.inHeight],
    ['IN_W', shape.inWidth],
    ['CHANNELS', shape.channels],
    ['OUT_H', shape.outHeight],
    ['OUT_W', shape.outWidth],
    ['KERNEL_H', shape.kernelHeight],
    ['KERNEL_W', shape.kernelWidth],
    ['STRIDE_H', shape.strideHeight],
    ['STRIDE_W', shape.strideWidth],
    ['DILATION_H', shape.dilationHeight],
    ['DILATION_W', shape.dilationWidth],
    ['PAD_TOP', shape.padTop],
    ['PAD_LEFT', shape.padLeft],
    ['PAIRS', Math.ceil(taps / 2)],
    ['PACKED', packedWords(taps)],
    ['EXPANDED', expandedWords(taps)],
    ...(panel === undefined ? [] : panelConstants(shape, panel)),
  ];
  return [
    '/* Generated by nanoc: depthwise convolution, four channels at a time (docs/KERNELS.md). */',
    `#include "${header}"`,
    '',
    'enum {',
    ...constants.map(([key, value]) => `  ${key} = ${value},`),
    '};',
    '',
    ...placesOf(shape).flatMap((place) =>
      shape.kinds.map((kind) => `void ${innerName(shape, place, kind)}${INNER_ARGUMENTS};`),
    ),
    '',
    ...placesOf(shape).flatMap((place) => [...pixelsFunction(shape, place), '']),
    ...(panel === undefined ? [...(shape.pads ? gatherFunction() : []), ...groupFunction(shape)] : panelFunctions()),
    '',
    ...mainFunction(name, shape),
    '',
  ].join('\n');
}

function pixelsFunction(shape: WindowShape, place: Place): string[] {
  const call = (kind: Segment['kind']) => `${innerName(shape, place, kind)}(x, y, w, count, p->y_zero);`;
  const both = ['  if (exact != 0) {', `    ${call('exact')}`, '  } else {', `    ${call('fixed')}`, '  }'];
  return [
    `static void pixels_in_${place}(const int8_t *x, int8_t *y, const uint32_t *w, int32_t count, int32_t exact,`,
    '                            const nanoc_dsp_window_params *p) {',
    ...(shape.kinds.length === 2 ? both : ['  (void)exact;', `  ${call(shape.kinds[0]!)}`]),
    '}',
  ];
}

function gatherFunction(): string[] {
  return [
    '/* Copies the taps of one window, four channels each; zeros is the zero point in four bytes. */',
    'static void gather(const int8_t *x, int32_t iy, int32_t ix, uint32_t *to, uint32_t zeros) {',
    '  for (int32_t ky = 0; ky < KERNEL_H; ky++, iy += DILATION_H) {',
    '    const int8_t *line = x + (iy * IN_W + ix) * CHANNELS;',
    '    for (int32_t kx = 0; kx < KERNEL_W; kx++, line += DILATION_W * CHANNELS) {',
    '      const int32_t column = ix + kx * DILATION_W;',
    '      if (iy >= 0 && iy < IN_H && column >= 0 && column < IN_W) {',
    '        (void)memcpy(to, line, 4);',
    '      } else {',
    '        *to = zeros;',
    '      }',
    '      to++;',
    '    }',
    '  }',
    '}',
    '',
  ];
}

/** All pixels of four channels. */
function groupFunction(shape: WindowShape): string[] {
  const head = [
    'static void group(const int8_t *x, int8_t *y, uint32_t *scratch, int32_t exact, const nanoc_dsp_window_params *p) {',
  ];
  if (shape.pads) return [...borderFunction(), '', ...head, ...paddedRows(shape), '}'];
  if (walksDown(shape)) return [...head, '  pixels_in_image(x, y, scratch, OUT_H, exact, p);', '}'];
  return [
    ...head,
    '  for (int32_t oy = 0; oy < OUT_H; oy++) {',
    '    pixels_in_image(x + oy * STRIDE_H * IN_W * CHANNELS, y + oy * OUT_W * CHANNELS, scratch, OUT_W, exact, p);',
    '  }',
    '}',
  ];
}

/** Pixels of one row whose windows leave the image. */
function borderFunction(): string[] {
  return [
    'static void border(const int8_t *x, int8_t *y, uint32_t *scratch, int32_t oy, int32_t first, int32_t last, int32_t exact,',
    '                   const nanoc_dsp_window_params *p) {',
    '  uint32_t *taps = scratch + EXPANDED;',
    '  for (int32_t ox = first; ox < last; ox++) {',
    '    gather(x, oy * STRIDE_H - PAD_TOP, ox * STRIDE_W - PAD_LEFT, taps, p->x_zeros);',
    '    pixels_in_copy((const int8_t *)taps, y + (oy * OUT_W + ox) * CHANNELS, scratch, 1, exact, p);',
    '  }',
    '}',
  ];
}

function paddedRows(shape: WindowShape): string[] {
  const [first, last] = insideColumns(shape);
  const [top, bottom] = insideRows(shape);
  const all = 'border(x, y, scratch, oy, 0, OUT_W, exact, p);';
  if (!placesOf(shape).includes('image')) return ['  for (int32_t oy = 0; oy < OUT_H; oy++) {', `    ${all}`, '  }'];
  return [
    '  for (int32_t oy = 0; oy < OUT_H; oy++) {',
    `    if (oy < ${top} || oy >= ${bottom}) {`,
    `      ${all}`,
    '      continue;',
    '    }',
    `    const int8_t *inside = x + ((oy * STRIDE_H - PAD_TOP) * IN_W + ${first} * STRIDE_W - PAD_LEFT) * CHANNELS;`,
    `    border(x, y, scratch, oy, 0, ${first}, exact, p);`,
    `    pixels_in_image(inside, y + (oy * OUT_W + ${first}) * CHANNELS, scratch, ${last - first}, exact, p);`,
    `    border(x, y, scratch, oy, ${last}, OUT_W, exact, p);`,
    '  }',
  ];
}

function mainFunction(name: string, shape: WindowShape): string[] {
  const groups = Math.ceil(shape.channels / 4);
  const last = shape.channels % 4 === 0 ? [] : ['    channel = channel > CHANNELS - 4 ? CHANNELS - 4 : channel;'];
  const body = [
    ...(panelOf(shape) === undefined ? [] : clearPanel()),
    `  for (int32_t i = 0; i < ${groups}; i++) {`,
    '    int32_t channel = 4 * i;',
    ...last,
    '    nanoc_dsp_window_expand(params->weights + i * PACKED, scratch, PAIRS);',
    '    const int32_t exact = params->exact == NULL ? 0 : params->exact[i];',
    '    group(x + channel, y + channel, scratch, exact, params);',
    '  }',
  ];
  const clamp = '  nanoc_dsp_clamp(y, OUT_H * OUT_W * CHANNELS, params->low, params->high);';
  const batch = [...body, ...(shape.clamps ? [clamp] : [])];
  if (shape.batches === 1) return [`void ${name}${ARGUMENTS} {`, ...batch, '}'];
  return [
    `void ${name}${ARGUMENTS} {`,
    `  for (int32_t batch = 0; batch < ${shape.batches}; batch++, x += IN_H * IN_W * CHANNELS, y += OUT_H * OUT_W * CHANNELS) {`,
    ...batch.map((line) => `  ${line}`),
    '  }',
    '}',
  ];
}
