/** Convolutions and matrix products: the taps of two output pixels are widened into words of both, then multiplied. */
import type { GeneratedSource } from '../../ir/kernel-call.js';
import { formName, type GemmShape, gemmName, gemmPrototype, gemmSource } from './gemm.js';
import { type Core, type Mode, type PackedStream, paddedInner, type SurplusForm } from './stream.js';

export interface PackedConvShape {
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
  /** The different functions of the layer's segments, in the order of their numbers. */
  readonly modes: readonly Mode[];
  readonly surplus: SurplusForm;
  /** For nanoc_packed_exact. */
  readonly exactFraction: number;
  /** The activation has bounds of its own. */
  readonly clamps: boolean;
}

export interface PackedConv {
  readonly function: string;
  readonly header: string;
  readonly generated: readonly GeneratedSource[];
  readonly scratchBytes: number;
}

/** The modes of a stream's segments, each once. */
export function modesOf({ segments }: PackedStream): Mode[] {
  const found = new Map<string, Mode>();
  for (const { form, flush } of segments) {
    found.set(modeName({ ...(form === undefined ? {} : { form }), flush }), {
      ...(form === undefined ? {} : { form }),
      flush,
    });
  }
  return [...found.keys()].sort().map((name) => found.get(name)!);
}

/** Short name of a mode, for function names and to tell modes apart. */
export function modeName({ form, flush }: Mode): string {
  return `${form === undefined ? 'exact' : formName(form)}${flush === 4 ? '' : '_twos'}`;
}

export function generateConv(core: Core, shape: PackedConvShape): PackedConv {
  const name = functionName(core, shape);
  const header = `nanoc/generated/${name}.h`;
  return {
    function: name,
    header,
    generated: [
      { path: `include/${header}`, content: headerText(name) },
      { path: `src/${name}.c`, content: sourceText(core, name, header, shape) },
      ...shape.modes.map((mode) => gemmSource(core, gemmShape(shape), mode)),
    ],
    scratchBytes: scratchLayout(core, shape).bytes,
  };
}

function gemmShape(shape: PackedConvShape): GemmShape {
  return { inner: paddedInner(innerOf(shape)), channels: shape.outChannels, surplus: shape.surplus };
}

function innerOf(shape: PackedConvShape): number {
  return shape.kernelHeight * shape.kernelWidth * shape.inChannels;
}

function rowBytes(shape: PackedConvShape): number {
  return shape.kernelWidth * shape.inChannels;
}

/** Whether groups of four inputs could run over the end of a row, so that the rows are copied together first. */
function copiesRows(core: Core, shape: PackedConvShape): boolean {
  return core.groupWords === 5 && rowBytes(shape) % 4 !== 0;
}

function pads({ kernelHeight, kernelWidth, ...shape }: PackedConvShape): boolean {
  const bottom = (shape.outHeight - 1) * shape.strideHeight - shape.padTop + kernelHeight > shape.inHeight;
  const right = (shape.outWidth - 1) * shape.strideWidth - shape.padLeft + kernelWidth > shape.inWidth;
  return shape.padTop > 0 || shape.padLeft > 0 || bottom || right;
}

/** Offsets in the scratch, in bytes: wide inputs, sums, copies of taps, a border row of each pixel, outputs of a last single pixel. */
interface ScratchLayout {
  readonly sums: number;
  readonly copies: number;
  readonly borders: number;
  readonly spare: number;
  readonly bytes: number;
}

function scratchLayout(core: Core, shape: PackedConvShape): ScratchLayout {
  const inner = paddedInner(innerOf(shape));
  const sums = core.groupWords * inner;
  const copies = sums + (shape.modes.some(({ form }) => form === undefined) ? 16 : 0);
  const borders = copies + (copiesRows(core, shape) ? 2 * inner : 0);
  const spare = borders + (pads(shape) ? 2 * rowBytes(shape) : 0);
  return { sums, copies, borders, spare, bytes: spare + (hasSingle(shape) ? 2 * shape.outChannels : 0) };
}

function hasSingle({ outHeight, outWidth }: PackedConvShape): boolean {
  return (outHeight * outWidth) % 2 === 1;
}

function functionName({ name }: Core, shape: PackedConvShape): string {
  const s = shape;
  const batch = s.batches === 1 ? '' : `${s.batches}x`;
  const window = `k${s.kernelHeight}x${s.kernelWidth}_s${s.strideHeight}x${s.strideWidth}_p${s.padTop}x${s.padLeft}`;
  const lists = s.surplus === 'none' ? '' : `_${s.surplus}`;
  const near = s.modes.some(({ form }) => form === undefined) ? `_near${s.exactFraction}` : '';
  const tail = `${s.modes.map(modeName).join('_')}${near}${lists}${s.clamps ? '_clamp' : ''}`;
  return `nanoc_conv_${name}_${batch}${s.inHeight}x${s.inWidth}x${s.inChannels}_${s.outHeight}x${s.outWidth}x${s.outChannels}_${window}_${tail}`;
}

const ARGUMENTS = '(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_packed_params *params)';

function headerText(name: string): string {
  const guard = `${name.toUpperCase()}_H`;
  return [
    `#ifndef ${guard}`,
    `#define ${guard}`,
    '',
    '#include "nanoc/packed.h"',
    '',
    '/** Generated by nanoc for one shape. x and y as nanoc_conv_s8; scratch on a word. */',
    `void ${name}${ARGUMENTS};`,
    '',
    '#endif',
    '',
  ].join('\n');
}

function sourceText(core: Core, name: string, header: string, shape: PackedConvShape): string {
  const layout = scratchLayout(core, shape);
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
    ['SUMS', layout.sums],
    ['COPIES', layout.copies],
    ['BORDERS', layout.borders],
    ['SPARE', layout.spare],
    ['FRACTION', shape.exactFraction],
  ];
  return [
    `/* Generated by nanoc: ${shape.kernelHeight}x${shape.kernelWidth} convolution, two pixels and two channels at a time (docs/KERNELS.md). */`,
    `#include "${header}"`,
    '',
    'enum {',
    ...constants.map(([key, value]) => `  ${key} = ${value},`),
    '};',
    '',
    ...shape.modes.map((mode) => `${gemmPrototype(gemmName(core, gemmShape(shape), mode), mode)};`),
    '',
    ...multiplyFunction(core, shape),
    '',
    ...(pads(shape) ? [...rowFunction(), ''] : []),
    ...gatherFunction(core, shape),
    '',
    ...mainFunction(name, shape),
    '',
  ].join('\n');
}

/** All channels of two pixels. */
function multiplyFunction(core: Core, shape: PackedConvShape): string[] {
  const call = (mode: Mode) => {
    const gemm = gemmName(core, gemmShape(shape), mode);
    if (mode.form !== undefined) return [`${gemm}(scratch, p->stream + s[2], y + s[1], p->stream + s[3]);`];
    return [
      `${gemm}(scratch, p->stream + s[2], sums, p->stream + s[3]);`,
      'nanoc_packed_finish(sums, y + s[1], OUT_C, scales, p, FRACTION);',
      'scales += 2;',
    ];
  };
  const exact = shape.modes.some(({ form }) => form === undefined);
  return [
    '/* All channels of two pixels. */',
    'static void multiply(uint32_t *scratch, int8_t *y, const nanoc_packed_params *p) {',
    '  const int32_t *s = p->segments;',
    ...(exact ? ['  const float *scales = p->scales;', '  int32_t *sums = (int32_t *)scratch + SUMS / 4;'] : []),
    '  for (int32_t i = 0; i < p->segment_count; i++, s += 4) {',
    ...choose(shape.modes.map(call)).map((line) => `    ${line}`),
    '  }',
    ...(shape.clamps ? ['  nanoc_packed_clamp(y, 2 * OUT_C, p->low, p->high);'] : []),
    '}',
  ];
}

/** The branch with the number s[0]. */
function choose(branches: readonly (readonly string[])[]): string[] {
  if (branches.length === 1) return [...branches[0]!];
  return [
    ...branches.flatMap((lines, i) => {
      const head = i === 0 ? 'if (s[0] == 0) {' : i < branches.length - 1 ? `} else if (s[0] == ${i}) {` : '} else {';
      return [head, ...lines.map((line) => `  ${line}`)];
    }),
    '}',
  ];
}

/** One row of a window: where it lies, or copied with the zero point for what is outside. */
function rowFunction(): string[] {
  return [
    '/* One row of a window, where it lies or copied with the zero point for what is outside. */',
    'static const int8_t *row_at(const int8_t *line, int32_t iy, int32_t ix, int8_t *border, int32_t zero) {',
    '  if (iy >= 0 && iy < IN_H && ix >= 0 && ix + KERNEL_W <= IN_W) {',
    '    return line;',
    '  }',
    '  (void)memset(border, zero, ROW);',
    '  if (iy >= 0 && iy < IN_H) {',
    '    const int32_t first = ix < 0 ? -ix : 0;',
    '    const int32_t last = ix + KERNEL_W > IN_W ? IN_W - ix : KERNEL_W;',
    '    if (first < last) {',
    '      (void)memcpy(border + first * IN_C, line + first * IN_C, (size_t)((last - first) * IN_C));',
    '    }',
    '  }',
    '  return border;',
    '}',
  ];
}

function gatherFunction(core: Core, shape: PackedConvShape): string[] {
  const row = (pixel: 0 | 1) =>
    pads(shape)
      ? `row_at(line${pixel}, at[${2 * pixel}] + ky, at[${2 * pixel + 1}], borders + ${pixel} * ROW, zero)`
      : `line${pixel}`;
  const { before, each, after } = gatherSteps(core, shape);
  return [
    '/* The windows of two pixels, at[] being the rows and columns where they start, widened. */',
    'static void gather(const int8_t *x, const int32_t at[4], uint32_t *scratch, int32_t zero) {',
    ...before,
    ...(pads(shape) ? ['  int8_t *borders = (int8_t *)scratch + BORDERS;'] : ['  (void)zero;']),
    '  const int8_t *line0 = x + (at[0] * IN_W + at[1]) * IN_C;',
    '  const int8_t *line1 = x + (at[2] * IN_W + at[3]) * IN_C;',
    '  for (int32_t ky = 0; ky < KERNEL_H; ky++) {',
    `    const int8_t *a = ${row(0)};`,
    `    const int8_t *b = ${row(1)};`,
    ...each,
    '    line0 += IN_W * IN_C;',
    '    line1 += IN_W * IN_C;',
    '  }',
    ...after,
    '}',
  ];
}

/** What is done with each row of the windows. */
function gatherSteps(core: Core, shape: PackedConvShape): Record<'before' | 'each' | 'after', string[]> {
  if (core.groupWords === 4) {
    const rest = paddedInner(innerOf(shape)) - innerOf(shape);
    return {
      before: ['  uint32_t *wide = scratch;'],
      each: ['    nanoc_v7m_widen(a, b, wide, ROW);', '    wide += ROW;'],
      after: rest === 0 ? [] : [`  (void)memset(wide, 0, ${4 * rest});`],
    };
  }
  if (!copiesRows(core, shape)) {
    return {
      before: ['  uint32_t *wide = scratch;'],
      each: ['    nanoc_v6m_widen(a, b, wide, ROW / 4);', '    wide += ROW / 4 * 5;'],
      after: [],
    };
  }
  return {
    before: ['  int8_t *copy = (int8_t *)scratch + COPIES;'],
    each: ['    (void)memcpy(copy, a, ROW);', '    (void)memcpy(copy + INNER, b, ROW);', '    copy += ROW;'],
    after: ['  copy = (int8_t *)scratch + COPIES;', '  nanoc_v6m_widen(copy, copy + INNER, scratch, INNER / 4);'],
  };
}

function mainFunction(name: string, shape: PackedConvShape): string[] {
  const single = [
    'const int32_t at[4] = {iy, ix, iy, ix};',
    'int8_t *spare = (int8_t *)scratch + SPARE;',
    'gather(x, at, scratch, params->x_zero);',
    'multiply(scratch, spare, params);',
    '(void)memcpy(y, spare, OUT_C);',
    ...(shape.batches === 1 ? [] : ['y += OUT_C;']),
  ];
  const image = [
    'int32_t iy = -PAD_TOP;',
    'int32_t ix = -PAD_LEFT;',
    'for (int32_t pair = 0; pair < OUT_H * OUT_W / 2; pair++) {',
    '  int32_t at[4] = {iy, ix, 0, 0};',
    '  advance(&iy, &ix);',
    '  at[2] = iy;',
    '  at[3] = ix;',
    '  advance(&iy, &ix);',
    '  gather(x, at, scratch, params->x_zero);',
    '  multiply(scratch, y, params);',
    '  y += 2 * OUT_C;',
    '}',
    ...(hasSingle(shape) ? single : []),
  ];
  const body =
    shape.batches === 1
      ? image
      : [
          'for (int32_t batch = 0; batch < BATCHES; batch++, x += IN_H * IN_W * IN_C) {',
          ...image.map((line) => `  ${line}`),
          '}',
        ];
  return [
    '/* To the next output pixel. */',
    'static void advance(int32_t *iy, int32_t *ix) {',
    '  *ix += STRIDE_W;',
    '  if (*ix == OUT_W * STRIDE_W - PAD_LEFT) {',
    '    *ix = -PAD_LEFT;',
    '    *iy += STRIDE_H;',
    '  }',
    '}',
    '',
    `void ${name}${ARGUMENTS} {`,
    ...body.map((line) => `  ${line}`),
    '}',
  ];
}
