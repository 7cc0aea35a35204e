/** C of a row of outputs of a depthwise layer, 16 channels at a time in QACC: nanoc_pie_outputs of nanoc/pie.h, and the kernel round it. */
import type { GeneratedSource } from '../../ir/kernel-call.js';
import { headerFile, headerOf } from '../header-file.js';
import { asmStatement, interleaved } from './assembly.js';

export interface DepthwiseShape {
  readonly kernel: readonly [number, number];
  /** Along a row. */
  readonly stride: number;
  readonly clampsLow: boolean;
  readonly clampsHigh: boolean;
}

/** Taps whose weights stay in registers: q0 to q4. Inputs are in q5 and q6 by turns, other weights in q7. */
const HELD = 5;
/** Where `state` has what comes behind the 64 bytes of sums: registers are few, and a load takes no longer than a move. */
const STARTS_AT = 64;
const WEIGHTS_AT = 68;
const ROWS_AT = 72;

export function depthwiseName({ kernel, stride, clampsLow, clampsHigh }: DepthwiseShape): string {
  const clamps = `${clampsLow ? '_low' : ''}${clampsHigh ? '_high' : ''}`;
  return `nanoc_depthwise_pie_${kernel.join('x')}_s${stride}${clamps}`;
}

/** The taps of one pixel, summed in QACC. */
function sums({ kernel: [height, width] }: DepthwiseShape): string[] {
  const taps = height * width;
  const rowAddress = (row: number) => {
    const to = row % 2 === 0 ? '%[t0]' : '%[t1]';
    return [`l32i ${to}, %[state], ${ROWS_AT + 4 * row}`, `add ${to}, ${to}, %[at]`];
  };
  const pointer = (tap: number) => (Math.floor(tap / width) % 2 === 0 ? '%[t0]' : '%[t1]');
  const lines = [
    `l32i %[t1], %[state], ${STARTS_AT}`,
    'ee.ld.qacc_l.l.128.ip %[t1], 16',
    'ee.ld.qacc_l.h.32.ip %[t1], 16',
    'ee.ld.qacc_h.l.128.ip %[t1], 16',
    'ee.ld.qacc_h.h.32.ip %[t1], 0',
    ...(taps > HELD ? [`l32i %[pw], %[state], ${WEIGHTS_AT}`] : []),
    ...rowAddress(0),
    'ee.vld.128.xp q5, %[t0], %[channels]',
  ];
  for (let tap = 0; tap < taps; tap += 1) {
    const [input, next] = [`q${5 + (tap % 2)}`, `q${5 + ((tap + 1) % 2)}`];
    const weight = tap < HELD ? `q${tap}` : 'q7';
    if (tap >= HELD) lines.push('ee.vld.128.ip q7, %[pw], 16');
    if (tap + 1 === taps) lines.push(`ee.vmulas.s8.qacc ${input}, ${weight}`);
    else {
      if ((tap + 1) % width === 0) lines.push(...rowAddress((tap + 1) / width));
      lines.push(`ee.vmulas.s8.qacc.ld.xp ${next}, ${pointer(tap + 1)}, %[channels], ${input}, ${weight}`);
    }
  }
  return lines;
}

/** Byte from which a word holds lane `lane` of the 16 in its highest (odd lanes) or lowest 20 bits. */
function byteOf(lane: number): number {
  return 32 * (lane >> 3) + 5 * ((lane & 7) >> 1) + (lane & 1);
}

/** From the sum in memory to the byte of y. f2 to f15 hold the scales of lanes 0 to 13. */
function output(lane: number, turn: number, base: string, shape: DepthwiseShape): string[] {
  const [t, f] = [`%[t${turn}]`, `f${turn}`];
  const byte = byteOf(lane);
  const held = lane < 14;
  return [
    `l32i ${t}, ${base}, ${byte - (byte % 4)}`,
    lane % 2 === 1 ? `srai ${t}, ${t}, 12` : `sext ${t}, ${t}, 19`,
    ...(held ? [] : [`lsi f1, %[scales], ${4 * lane}`]),
    `float.s ${f}, ${t}, 0`,
    `mul.s ${f}, ${f}, ${held ? `f${lane + 2}` : 'f1'}`,
    `round.s ${t}, ${f}, 0`,
    `add ${t}, ${t}, %[zero]`,
    ...(shape.clampsLow ? [`max ${t}, ${t}, %[low]`] : []),
    ...(shape.clampsHigh ? [`min ${t}, ${t}, %[high]`] : []),
    `clamps ${t}, ${t}, 7`,
    `s8i ${t}, %[y], ${lane}`,
  ];
}

/** All 16 outputs of a pixel, two at a time. Words that lie on no word are loaded from a base of their own. */
function outputs(shape: DepthwiseShape): string[] {
  const lines = [
    'mov %[t1], %[state]',
    'ee.st.qacc_l.l.128.ip %[t1], 16',
    'ee.st.qacc_l.h.32.ip %[t1], 16',
    'ee.st.qacc_h.l.128.ip %[t1], 16',
    'ee.st.qacc_h.h.32.ip %[t1], 0',
  ];
  const lanes = Array.from({ length: 16 }, (_, lane) => lane);
  for (const offset of [0, 1, 2, 3]) {
    const base = offset === 0 ? '%[state]' : '%[pw]';
    if (offset > 0) lines.push(`addi %[pw], %[state], ${offset}`);
    const here = lanes.filter((lane) => byteOf(lane) % 4 === offset);
    // f1 has the scale of the last two lanes.
    const pairs = here.filter((lane) => lane < 14);
    for (let i = 0; i < pairs.length; i += 2) {
      const [first, second] = pairs.slice(i, i + 2).map((lane, turn) => output(lane, turn, base, shape));
      lines.push(...interleaved(first!, second ?? []));
    }
    for (const lane of here.filter((lane) => lane >= 14)) lines.push(...output(lane, 0, base, shape));
  }
  return lines;
}

function assembly(shape: DepthwiseShape): string[] {
  const { kernel, stride } = shape;
  const taps = kernel[0] * kernel[1];
  const scales = Array.from({ length: 14 }, (_, lane) => `lsi f${lane + 2}, %[scales], ${4 * lane}`);
  const weights = Array.from({ length: Math.min(HELD, taps) }, (_, tap) => `ee.vld.128.ip q${tap}, %[pw], 16`);
  const next = Array.from({ length: stride }, () => 'add %[at], %[at], %[channels]');
  return [
    ...scales,
    ...weights,
    '1:',
    ...sums(shape),
    ...outputs(shape),
    ...next,
    'add %[y], %[y], %[channels]',
    'addi %[count], %[count], -1',
    'bnez %[count], 1b',
  ];
}

/** The kernel (x, y, scratch, params). */
export function depthwiseSources(shape: DepthwiseShape): GeneratedSource[] {
  const name = depthwiseName(shape);
  const [height, width] = shape.kernel;
  const prototype = `void ${name}(const int8_t *x, int8_t *y, int8_t *scratch, const nanoc_pie_depthwise_params *params)`;
  const contract = `Generated by nanoc for depthwise windows of ${height} x ${width}, ${shape.stride} apart along a row; all on 16 bytes.`;
  const signature = 'const int8_t *const *rows, int32_t at, const nanoc_pie_depthwise_params *params, int8_t *y';
  const inputs = ['[state] "a"(&state)', '[channels] "a"(params->channels)'];
  inputs.push('[scales] "a"(params->scales + at)', '[zero] "a"(params->y_zero)');
  const held = 16 * Math.min(HELD, height * width);
  if (shape.clampsLow) inputs.push('[low] "a"(params->low)');
  if (shape.clampsHigh) inputs.push('[high] "a"(params->high)');
  const body = [
    `#include "${headerOf(name)}"`,
    '',
    '#if NANOC_PIE_ASSEMBLY',
    `static NANOC_NOINLINE void outputs(${signature}) {`,
    '  struct {',
    '    NANOC_ALIGNED(16) uint8_t sums[64];',
    '    const uint8_t *starts;',
    '    const int8_t *weights; /* behind those that stay in registers */',
    `    const int8_t *rows[${height}];`,
    '  } state;',
    `  const int8_t *pw = params->weights + at * ${height * width};`,
    '  state.starts = params->starts + 4 * at;',
    `  state.weights = pw + ${held};`,
    '  memcpy(state.rows, rows, sizeof state.rows);',
    '  int32_t count = params->out_w;',
    '  int32_t t0;',
    '  int32_t t1;',
    ...asmStatement(assembly(shape), [
      ': [at] "+a"(at), [y] "+a"(y), [count] "+a"(count), [pw] "+a"(pw), [t0] "=&a"(t0), [t1] "=&a"(t1)',
      `: ${inputs.join(', ')}`,
      ': "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12", "f13", "f14", "f15", "memory"',
    ]),
    '}',
    '#else',
    `static void outputs(${signature}) {`,
    `  nanoc_pie_outputs_twin(rows, at, params, y, ${width}, ${shape.stride});`,
    '}',
    '#endif',
    '',
    `${prototype} {`,
    `  const int8_t *rows[${height}];`,
    '  nanoc_pie_rows(x, y, scratch, params, rows, outputs);',
    '}',
    '',
  ];
  return [headerFile(name, 'nanoc/pie.h', [contract], prototype), { path: `src/${name}.c`, content: body.join('\n') }];
}
