/**
 * Depthwise convolution of narrow images: the pixels of one channel are gathered into a plane whose rows lie one behind the other, so
 * that one vector holds whole windows, and one VMLADAVA is the sum of an output. What lies above and below the image is in the plane,
 * taps to its left and right have no weight.
 */
import type { StreamLayer } from '../arm-dsp/stream.js';
import { add, clamped, frameBytes, lanes, mveFunction, SUMS, scaled } from './assembly.js';
import { type Geometry, geometryConstants, geometryName, leavesSideways, spanHeight } from './geometry.js';
import { constantsText, type Generated, headerSource } from './source.js';

export interface PlanesShape {
  /** Upright: an image of one row has been turned into one of one column. */
  readonly geometry: Geometry;
  readonly clamps: boolean;
}

/** Weight vectors that stay in registers: q0 to q4. */
const HELD = 5;
/** The pixels of a block of eight in the order in which VQMOVNB and VQMOVNT put them together. */
const PLACES = [0, 4, 1, 5, 2, 6, 3, 7];
/** Words at sp: x, y, plane, tables, low, high, end of the stream, zero point of x, then the biases of twelve outputs. */
const BIASES = 32;
const LOCALS = BIASES + 48 + 4;
/** Times that eight pixels are gathered by lines of their own. */
export const PLANES_UNROLL = 16;

/** An image of one row and its transpose are the same bytes. */
export function upright(g: Geometry): Geometry {
  if (g.inHeight !== 1 || g.outHeight !== 1 || g.kernelHeight !== 1) return g;
  return {
    ...g,
    ...{ inHeight: g.inWidth, inWidth: 1, outHeight: g.outWidth, outWidth: 1 },
    ...{ kernelHeight: g.kernelWidth, kernelWidth: 1, strideHeight: g.strideWidth, strideWidth: 1 },
    ...{ dilationHeight: g.dilationWidth, dilationWidth: 1, padTop: g.padLeft, padLeft: 0 },
  };
}

/** Output rows whose windows one vector holds; 0 where it holds none. */
function rowsOfVector(g: Geometry): number {
  let rows = 0;
  while ((rows + 1) * g.outWidth <= HELD && (spanHeight(g) + rows * g.strideHeight) * g.inWidth <= 16) rows += 1;
  return rows;
}

/** Outputs of one vector, each with weights of its own. */
function variantsOf(g: Geometry): number {
  return rowsOfVector(g) * g.outWidth;
}

/** Bytes from one vector to the next. */
function vectorStep(g: Geometry): number {
  return rowsOfVector(g) * g.strideHeight * g.inWidth;
}

/** Blocks of eight outputs until they start with the same variant at a vector's begin. */
export function periodOf(g: Geometry): number {
  let period = 1;
  while ((8 * period) % variantsOf(g) !== 0) period += 1;
  return period;
}

export function outputs(g: Geometry): number {
  return g.outHeight * g.outWidth;
}

/** Whole periods of blocks that a loop runs through; 0 where there is none. */
function loopRounds(g: Geometry): number {
  const rounds = Math.floor(Math.floor(outputs(g) / 8) / periodOf(g));
  return rounds > 1 ? rounds : 0;
}

/** Most outputs that are written out from one place of the pointer on: those of the loop, or those behind it. */
function straightOutputs(g: Geometry): number {
  const looped = 8 * loopRounds(g) * periodOf(g);
  return Math.max(looped === 0 ? 0 : 8 * periodOf(g), outputs(g) - looped);
}

/** Why the windows do not fit vectors, or undefined. */
export function whyNotPlanes(g: Geometry): string | undefined {
  if (rowsOfVector(g) === 0) return 'a window with whole rows of the image is more than sixteen pixels';
  if (g.padTop > spanHeight(g)) return 'windows above the image';
  const reach = vectorStep(g) * Math.floor((straightOutputs(g) - 1) / variantsOf(g));
  return reach > 127 || g.inChannels > 8191 ? 'windows too far from one another' : undefined;
}

/** Instructions of both depthwise kernels, to choose by. */
export function planesCost(g: Geometry): number {
  const blocks = Math.ceil(outputs(g) / 8);
  return g.inChannels * (45 + 0.375 * g.inHeight * g.inWidth + 28.5 * blocks);
}

/** One channel: bias, scale, its taps and a byte of 0, to a whole word. */
export function packPlanes({ weights, inner, channels }: StreamLayer, biases: ArrayLike<number>): Uint32Array {
  const size = channelWords(inner);
  const view = new DataView(new ArrayBuffer(4 * size * channels.length));
  channels.forEach(({ scale }, c) => {
    const start = 4 * size * c;
    view.setInt32(start, biases[c]!, true);
    view.setFloat32(start + 4, scale, true);
    for (let tap = 0; tap < inner; tap += 1) view.setInt8(start + 8 + tap, weights[c * inner + tap]!);
  });
  return Uint32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getUint32(4 * i, true));
}

function channelWords(taps: number): number {
  return 2 + Math.floor(taps / 4) + 1;
}

/** For each byte of a vector the tap whose weight it meets; the number of taps where it meets none. */
function picks(g: Geometry, variant: number): number[] {
  const [row, column] = [Math.floor(variant / g.outWidth), variant % g.outWidth];
  const taps = g.kernelHeight * g.kernelWidth;
  const result = Array<number>(16).fill(taps);
  for (let tap = 0; tap < taps; tap += 1) {
    const x = column * g.strideWidth - g.padLeft + (tap % g.kernelWidth) * g.dilationWidth;
    const y = row * g.strideHeight + Math.floor(tap / g.kernelWidth) * g.dilationHeight;
    if (x >= 0 && x < g.inWidth) result[y * g.inWidth + x] = tap;
  }
  return result;
}

/** Bytes of the plane, with what vectors read behind it. */
export function planeBytes(g: Geometry): number {
  const vectors = Math.ceil((8 * Math.ceil(outputs(g) / 8)) / variantsOf(g));
  return Math.max((vectors - 1) * vectorStep(g) + 16, (g.padTop + g.inHeight) * g.inWidth);
}

export function generatePlanes(shape: PlanesShape): Generated {
  const { geometry: g } = shape;
  const name = `nanoc_planes_mve_${geometryName(g)}${shape.clamps ? '_clamp' : ''}`;
  const prototype = `void ${name}(const int8_t *x, int8_t *y, int8_t *scratch, const nanoc_mve_params *params)`;
  const header = headerSource(name, 'x and y as nanoc_depthwise_s8.', prototype);
  const include = header.path.replace('include/', '');
  const body = [...tablesText(g), '', ...twinAndAssembly(shape, name), '', ...mainFunction(prototype, name, g)];
  const constants: [string, number][] = [...geometryConstants(g), ['PLANE', planeBytes(g)]];
  const lines = [
    `/* Generated by nanoc: depthwise ${g.kernelHeight}x${g.kernelWidth} convolution, one channel at a time (docs/KERNELS.md). */`,
    `#include "${include}"`,
    '',
    ...constantsText(constants, body),
    '',
    ...body,
    '',
  ];
  return {
    function: name,
    header: include,
    generated: [header, { path: `src/${name}.c`, content: lines.join('\n') }],
    scratchBytes: planeBytes(g),
    stack: frameBytes(LOCALS),
  };
}

function tablesText(g: Geometry): string[] {
  const list = (numbers: readonly number[]) => `{${numbers.join(', ')}}`;
  const variants = Array.from({ length: variantsOf(g) }, (_, variant) => `    ${list(picks(g, variant))},`);
  return [
    'static const nanoc_mve_planes_tables tables = {',
    `  ${list(Array.from({ length: 8 }, (_, i) => i * g.inChannels))},`,
    `  ${list(PLACES.map((i) => i * g.inChannels))},`,
    '  {',
    ...variants,
    '  },',
    '};',
  ];
}

function twinAndAssembly(shape: PlanesShape, name: string): string[] {
  const { geometry: g } = shape;
  const image = `${name}_image`;
  const prototype = `void ${image}(const int8_t *x, int8_t *y, int8_t *plane, const nanoc_mve_params *params, const nanoc_mve_planes_tables *table)`;
  const numbers = [g.inHeight * g.inWidth, g.padTop * g.inWidth, outputs(g), variantsOf(g), vectorStep(g)];
  return [
    '/* All channels of one image. */',
    `${prototype};`,
    '',
    '#if NANOC_MVE_ASSEMBLY',
    '',
    ...mveFunction(image, LOCALS, instructions(shape)),
    '',
    '#else',
    '',
    `${prototype} {`,
    `  static const int32_t shape[7] = {${[...numbers, g.inChannels, g.kernelHeight * g.kernelWidth].join(', ')}};`,
    '  nanoc_mve_planes(x, y, plane, params, table, shape);',
    '}',
    '',
    '#endif',
  ];
}

function mainFunction(prototype: string, name: string, g: Geometry): string[] {
  const call = `${name}_image(x, y, scratch, params, &tables);`;
  const fill = '  nanoc_mve_fill(scratch, params->x_zero, PLANE);';
  if (g.batches === 1) return [`${prototype} {`, fill, `  ${call}`, '}'];
  return [
    `${prototype} {`,
    fill,
    '  for (int32_t batch = 0; batch < BATCHES; batch++) {',
    `    ${call}`,
    '    x += IN_H * IN_W * IN_C;',
    '    y += OUT_H * OUT_W * OUT_C;',
    '  }',
    '}',
  ];
}

/**
 * r1 plane, r3 stream, r5 y, r7 scale, r9 zero point of y, r11 biases; q7 places of eight outputs, q5 and q6 their sums. Inputs are in q4
 * where no weights are.
 */
function instructions(shape: PlanesShape): string[] {
  const { geometry: g } = shape;
  const size = 4 * channelWords(g.kernelHeight * g.kernelWidth);
  return [
    'strd r0,r1,[sp,#0]',
    `ldr r4,[sp,#${frameBytes(LOCALS)}]`,
    'strd r2,r4,[sp,#8]',
    'ldr r12,[r3,#0]',
    'ldrd r9,r6,[r3,#4]',
    'ldrd r8,r3,[r3,#12]',
    'strd r6,r8,[sp,#16]',
    ...add('r0', 'r3', g.inChannels * size, 'r0'),
    'strd r0,r12,[sp,#24]',
    `add r11,sp,#${BIASES}`,
    '1:',
    ...gather(g),
    ...weights(g),
    'ldrd r5,r1,[sp,#4]',
    'adds r0,r5,#1',
    'str r0,[sp,#4]',
    ...blocks(shape),
    'ldr r0,[sp,#24]',
    'cmp r3,r0',
    'bne 1b',
  ];
}

/** The pixels of one channel, eight at a time. */
function gather(g: Geometry): string[] {
  const pixels = g.inHeight * g.inWidth;
  const [whole, rest] = [Math.floor(pixels / 8), pixels % 8];
  const eight = ['vldrb.u16 q5,[r1,q6]', 'vstrb.16 q5,[r4],#8', ...add('r1', 'r1', 8 * g.inChannels, 'r12')];
  const repeat = (count: number) => Array.from({ length: count }, () => eight).flat();
  const loop =
    whole > PLANES_UNROLL
      ? [
          `movw r0,#${Math.floor(whole / PLANES_UNROLL)}`,
          '2:',
          ...repeat(PLANES_UNROLL),
          'subs r0,#1',
          'bne 2b',
          ...repeat(whole % PLANES_UNROLL),
        ]
      : repeat(whole);
  return [
    'ldrd r0,r2,[sp,#8]',
    'ldr r1,[sp,#0]',
    'adds r6,r1,#1',
    'str r6,[sp,#0]',
    'vldrh.u16 q6,[r2],#16',
    'vldrh.u16 q7,[r2],#16',
    ...add('r4', 'r0', g.padTop * g.inWidth, 'r12'),
    ...loop,
    ...(rest === 0 ? [] : [`movs r0,#${rest}`, 'vctp.16 r0', 'vpstt', 'vldrbt.u16 q5,[r1,q6]', 'vstrbt.16 q5,[r4]']),
  ];
}

/** The weights of all variants, and for each of the next outputs the bias less what the zero point of x adds to its sum. */
function weights(g: Geometry): string[] {
  const variants = variantsOf(g);
  const sums = SUMS.slice(0, variants);
  const vectors = sums.flatMap((_, v) => [`vldrb.u8 q6,[r2,#${16 * v}]`, `vldrb.u8 q${v},[r3,q6]`]);
  const head = [
    'ldr r8,[sp,#28]',
    'ldrd r10,r7,[r3],#8',
    ...vectors,
    `add r3,#${4 * channelWords(g.kernelHeight * g.kernelWidth) - 8}`,
    'vdup.8 q6,r8',
  ];
  if (!leavesSideways(g)) {
    const same = [
      'vmladav.s8 r0,q6,q0',
      'sub r0,r10,r0',
      'vdup.32 q6,r0',
      'vstrw.32 q6,[r11]',
      'vstrw.32 q6,[r11,#16]',
    ];
    return [...head, ...same];
  }
  const stores: string[] = [];
  for (let at = 0; at < variants + 7; at += variants) {
    const list = sums.slice(0, variants + 7 - at).join(',');
    stores.push(sums.length === 1 || variants + 7 - at === 1 ? `str ${sums[0]},[lr],#4` : `stm lr!,{${list}}`);
  }
  return [
    ...head,
    ...sums.map((sum, v) => `vmladav.s8 ${sum},q6,q${v}`),
    ...sums.map((sum) => `sub ${sum},r10,${sum}`),
    'mov lr,r11',
    ...stores,
  ];
}

function blocks(shape: PlanesShape): string[] {
  const { geometry: g } = shape;
  const period = periodOf(g);
  const [whole, rest] = [Math.floor(outputs(g) / 8), outputs(g) % 8];
  const looped = loopRounds(g);
  const bytes = ((8 * period) / variantsOf(g)) * vectorStep(g);
  const several = (count: number) => {
    const inputs = { vector: -1 };
    return Array.from({ length: count }, (_, b) => block(shape, b, inputs, 8)).flat();
  };
  const tail = whole - looped * period;
  const inputs = { vector: -1 };
  return [
    ...(looped === 0
      ? []
      : [
          '3:',
          ...several(period),
          `adds r1,#${bytes}`,
          'ldr r0,[sp,#8]',
          ...add('r0', 'r0', looped * bytes, 'r2'),
          'cmp r1,r0',
          'bne 3b',
        ]),
    ...Array.from({ length: tail }, (_, b) => block(shape, b, inputs, 8)).flat(),
    ...(rest === 0 ? [] : block(shape, tail, inputs, rest)),
  ];
}

/** Eight outputs, of which `count` are stored. `inputs.vector` is the vector that is in its register. */
function block(shape: PlanesShape, index: number, inputs: { vector: number }, count: number): string[] {
  const { geometry: g } = shape;
  const variants = variantsOf(g);
  const start = leavesSideways(g) ? (8 * index) % variants : 0;
  const register = variants < HELD ? 'q4' : 'q5';
  if (register === 'q5') inputs.vector = -1;
  const lines =
    start === 0 ? [`ldm r11,{${SUMS.join(',')}}`] : [`add lr,r11,#${4 * start}`, `ldm lr,{${SUMS.join(',')}}`];
  for (let i = 0; i < count; i += 1) {
    const output = 8 * index + i;
    const vector = Math.floor(output / variants);
    if (vector !== inputs.vector) lines.push(`vldrb.u8 ${register},[r1,#${vector * vectorStep(g)}]`);
    inputs.vector = vector;
    lines.push(`vmladava.s8 ${SUMS[i]},${register},q${output % variants}`);
  }
  return [...lines, ...finish(shape, count)];
}

function finish({ geometry: g, clamps }: PlanesShape, count: number): string[] {
  const mask = PLACES.reduce((bits, place, lane) => bits | (place < count ? 3 << (2 * lane) : 0), 0);
  return [
    ...lanes('q5', SUMS.slice(0, 4)),
    ...lanes('q6', SUMS.slice(4)),
    ...scaled('q5', 'q6', ['r7', 'r7']),
    'vqmovnb.s32 q5,q5',
    'vqmovnt.s32 q5,q6',
    'vqadd.s16 q5,q5,r9',
    ...(clamps ? clamped('q5', 'q6', 16) : []),
    'vqmovnb.s16 q5,q5',
    ...(count === 8
      ? ['vstrb.16 q5,[r5,q7]', ...add('r5', 'r5', 8 * g.outChannels, 'r0')]
      : [`movw r0,#${mask}`, 'vmsr p0,r0', 'vpst', 'vstrbt.16 q5,[r5,q7]']),
  ];
}
