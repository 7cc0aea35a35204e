/** C of the products of one window with all channels: nanoc_pie_dots of nanoc/pie.h, and the kernel round it. */
import type { GeneratedSource } from '../../ir/kernel-call.js';
import { headerFile, headerOf } from '../header-file.js';
import { asmStatement, interleaved } from './assembly.js';

export interface DotsShape {
  /** Rows of a window, and whole vectors of a row. */
  readonly rows: number;
  readonly vectors: number;
  readonly channels: number;
  readonly clampsLow: boolean;
  readonly clampsHigh: boolean;
  /** Whether windows that are inside the image are read where they lie. */
  readonly direct: boolean;
}

/** Inputs that stay in registers where a window has more; of q0 to q7 two are for weights, two for the other inputs. */
const HELD = 4;
/** All of a window that is no longer stays in registers. */
const MOST_HELD = 6;
/** Vectors up to which four channels are unrolled, and two. */
const FOUR_CHANNELS = 12;
const TWO_CHANNELS = 40;
/** A zero-overhead loop has 256 bytes. */
const LOOP_BYTES = 240;

/** Whether a window is read whole before its first output is written. */
export function isHeld({ rows, vectors }: Pick<DotsShape, 'rows' | 'vectors'>): boolean {
  return rows * vectors <= MOST_HELD;
}

/** Bytes behind the weights that are loaded. */
export const SLACK = 32;

export function dotsName({ rows, vectors, channels, clampsLow, clampsHigh, direct }: DotsShape): string {
  const unrolled = unrolledOf(rows * vectors, channels);
  const clamps = `${clampsLow ? '_low' : ''}${clampsHigh ? '_high' : ''}`;
  return `nanoc_conv_pie_${rows}x${vectors}${direct ? '' : '_copied'}_by${unrolled}${clamps}`;
}

function unrolledOf(vectors: number, channels: number): number {
  const most = vectors <= FOUR_CHANNELS ? 4 : vectors <= TWO_CHANNELS ? 2 : 1;
  return [4, 2, 1].find((n) => n <= most && channels % n === 0)!;
}

/** The load of the input vector with this index, and the pointer behind it. */
function loadInput(to: string, pointer: string, index: number, { rows, vectors }: DotsShape): string {
  const isLastOfRow = index % vectors === vectors - 1 && index !== rows * vectors - 1;
  return isLastOfRow ? `ee.vld.128.xp ${to}, ${pointer}, %[step]` : `ee.vld.128.ip ${to}, ${pointer}, 16`;
}

function assembly(shape: DotsShape): string[] {
  const { rows, vectors, channels } = shape;
  const total = rows * vectors;
  const held = isHeld(shape) ? total : HELD;
  const unrolled = unrolledOf(total, channels);
  const lines = ['mov %[px], %[window]'];
  for (let v = 0; v < held; v += 1) lines.push(loadInput(`q${v}`, '%[px]', v, shape));
  if (held < total) lines.push('mov %[window], %[px]');
  // Weights come two products before they are used, in q6 and q7 by turns: an odd number of them at a round's end would change their turn.
  const turns = (unrolled * total) % 2 === 0 ? 2 : 1;
  lines.push(...['q6', 'q7'].slice(0, turns).map((q) => `ee.vld.128.ip ${q}, %[pw], 16`));
  let turn = 0;
  const product = (input: string): string => {
    const weight = `q${6 + (turn % turns)}`;
    turn += 1;
    return `ee.vmulas.s8.accx.ld.ip ${weight}, %[pw], 16, ${input}, ${weight}`;
  };
  const body: string[] = [];
  let tail: string[] = [];
  for (let u = 0; u < unrolled; u += 1) {
    const sums: string[] = ['ee.ld.accx.ip %[pc], 8'];
    if (held < total) sums.push('mov %[px], %[window]', loadInput('q4', '%[px]', held, shape));
    for (let v = 0; v < held; v += 1) sums.push(product(`q${v}`));
    for (let v = held; v < total; v += 1) {
      const here = (v - held) % 2;
      if (v + 1 < total) sums.push(loadInput(`q${5 - here}`, '%[px]', v + 1, shape));
      sums.push(product(`q${4 + here}`));
    }
    body.push(...interleaved(sums, tail), `rur.accx_0 %[t${u % 2}]`);
    // The next channel's start is loaded behind this scale.
    body.push(`lsip %[s${u % 2}], %[pc], 8`);
    tail = requantization(u, shape);
  }
  body.push(...tail, `addi %[y], %[y], ${unrolled}`);
  const bytes = body.reduce((sum, line) => sum + (line.startsWith('ee.vmulas') ? 4 : 3), 0);
  if (bytes <= LOOP_BYTES) return [...lines, 'loopnez %[count], 1f', ...body, '1:'];
  return [...lines, '1:', ...body, 'addi %[count], %[count], -1', 'bnez %[count], 1b'];
}

function requantization(u: number, { clampsLow, clampsHigh }: DotsShape): string[] {
  const [t, f, s] = [`%[t${u % 2}]`, `%[f${u % 2}]`, `%[s${u % 2}]`];
  return [
    `float.s ${f}, ${t}, 0`,
    `mul.s ${f}, ${f}, ${s}`,
    `round.s ${t}, ${f}, 0`,
    `add ${t}, ${t}, %[zero]`,
    ...(clampsLow ? [`max ${t}, ${t}, %[low]`] : []),
    ...(clampsHigh ? [`min ${t}, ${t}, %[high]`] : []),
    `clamps ${t}, ${t}, 7`,
    `s8i ${t}, %[y], ${u}`,
  ];
}

/** The kernel (x, y, scratch, params); the scratch of windows that are never copied is NULL. */
export function dotsSources(shape: DotsShape): GeneratedSource[] {
  const name = dotsName(shape);
  const { rows, vectors, channels, direct } = shape;
  const unrolled = unrolledOf(rows * vectors, channels);
  const prototype = `void ${name}(const int8_t *x, int8_t *y, int8_t *scratch, const nanoc_pie_conv_params *params)`;
  const contract = `Generated by nanoc for windows of ${rows} x ${vectors} vectors, ${direct ? 'which are read where they lie if they are inside' : 'copied'}; x, scratch and weights on 16 bytes.`;
  const signature = 'const int8_t *window, int32_t step, const nanoc_pie_conv_params *params, int8_t *y';
  const inputs = ['[step] "a"(step)', '[zero] "a"(params->y_zero)'];
  if (shape.clampsLow) inputs.push('[low] "a"(params->low)');
  if (shape.clampsHigh) inputs.push('[high] "a"(params->high)');
  const body = [
    `#include "${headerOf(name)}"`,
    '',
    '#if NANOC_PIE_ASSEMBLY',
    `static NANOC_NOINLINE void dots(${signature}) {`,
    `  const int8_t *pw = params->weights;`,
    `  const int32_t *pc = params->channels;`,
    `  int32_t count = params->out_c / ${unrolled};`,
    '  const int8_t *px;',
    '  int32_t t0;',
    '  int32_t t1;',
    '  float f0;',
    '  float f1;',
    '  float s0;',
    '  float s1;',
    `  step -= ${16 * (vectors - 1)};`,
    ...asmStatement(assembly(shape), [
      ': [window] "+a"(window), [y] "+a"(y), [pw] "+a"(pw), [pc] "+a"(pc), [count] "+a"(count), [px] "=&a"(px),',
      '  [t0] "=&a"(t0), [t1] "=&a"(t1), [f0] "=&f"(f0), [f1] "=&f"(f1), [s0] "=&f"(s0), [s1] "=&f"(s1)',
      `: ${inputs.join(', ')}`,
      ': "memory"',
    ]),
    '}',
    '#else',
    `static void dots(${signature}) {`,
    `  nanoc_pie_dots_twin(window, step, params, y, ${rows}, ${16 * vectors});`,
    '}',
    '#endif',
    '',
    `${prototype} {`,
    `  nanoc_pie_windows(x, y, scratch, params, ${direct ? 1 : 0}, dots);`,
    '}',
    '',
  ];
  return [headerFile(name, 'nanoc/pie.h', [contract], prototype), { path: `src/${name}.c`, content: body.join('\n') }];
}
