/** The two assembly functions of the Winograd kernel; nanoc/dsp_winograd.h has the layouts and the twins. */
import { immediate, SAVED_BYTES, schedule } from './assembly.js';

/** Steps of four channels that are written out. */
export const WINOGRAD_UNROLL = 16;
/** Columns of a window of both tiles. */
const COLUMNS = 6;
/** Offsets of STRD end at 1020. */
const FARTHEST_PAIR = 1020;
/** Offsets of other stores have twelve bits. */
const FARTHEST = 4095;

/** Saved registers, and the vertically transformed columns that `inputInstructions` pushes. */
export const WINOGRAD_STACK = SAVED_BYTES + 32 * COLUMNS;

/** How four outputs of a tile become bytes: by a multiplier, addend and shift, or by a float scale. */
export type Tail = { readonly kind: 'fixed'; readonly shift: number } | { readonly kind: 'exact' };

/**
 * r0 V and then M, r1 stream, r2 to r5 sums, r6 to r9 words of V, r10 to r12 and lr words of U; s0 and s1 M and its end, s2 the end of the
 * inner loop, s3 V, s8 M, s14 output, s15 end of the stream; exact: s4 to s7 outputs, s9 scale, the zero point of y on the stack.
 */
export function pairInstructions(channels: number, outputs: number, rowStep: number, tail: Tail): string[] {
  const isFixed = tail.kind === 'fixed';
  return [
    'push {r4-r11,lr}',
    'vmov s14,s15,r2,r3',
    ...immediate('r2', 64 * channels),
    'add r2,r0,r2',
    'add r3,r2,#256',
    'vmov s0,s1,r2,r3',
    'vmov s8,r2',
    'vmov s3,r0',
    '4:',
    ...allPositions(channels),
    'vmov r0,s8',
    ...[0, 1].flatMap((channel) => [
      `ldr r11,[r1,#${4 * channel}]`,
      `ldr r12,[r1,#${8 + 4 * channel}]`,
      ...(isFixed ? [`ldr lr,[r1,#${16 + 4 * channel}]`] : ['vmov s9,r12', `ldr lr,[sp,#${SAVED_BYTES}]`]),
      ...[0, 1].flatMap((tile) => [
        ...sums(2 * channel + tile),
        ...(isFixed ? fixed(tail.shift) : exact()),
        ...stores(channel + 2 * tile * outputs, outputs, rowStep),
      ]),
    ]),
    'vmov s0,r0',
    'vmov r0,s3',
    'vmov r6,r7,s14,s15',
    'add r6,r6,#2',
    'vmov s14,r6',
    `add r1,r1,#${isFixed ? 24 : 16}`,
    'cmp r1,r7',
    'bne.w 4b',
    'pop {r4-r11,pc}',
  ];
}

/** M of a pair of channels, from s0 to s1. */
function allPositions(channels: number): string[] {
  const { unrolled, rounds, rest } = schedule(channels / 4, WINOGRAD_UNROLL);
  const steps = (count: number) => Array.from({ length: count }, () => productStep('smlad')).flat();
  const loop = [
    ...immediate('r6', rounds * unrolled * 16),
    'add r6,r0,r6',
    'vmov s2,r6',
    ...['r2', 'r3', 'r4', 'r5'].map((r) => `mov ${r},#0`),
    '2:',
    ...steps(unrolled),
    'vmov r6,s2',
    'cmp r0,r6',
    'bne.w 2b',
    ...steps(rest),
  ];
  return [
    '1:',
    ...(rounds > 1 ? loop : [...productStep('smuad'), ...steps(unrolled - 1)]),
    'vmov r6,r7,s0,s1',
    'stm r6!,{r2-r5}',
    'vmov s0,r6',
    'cmp r6,r7',
    'bne.w 1b',
  ];
}

/** Four input channels of two tiles and two output channels; the first step of a sum starts it. */
function productStep(first: 'smuad' | 'smlad'): string[] {
  const products = ['r6 r8 r10 r12', 'r7 r9 r11 lr'].flatMap((registers, half) => {
    const [tile0, tile1, channel0, channel1] = registers.split(' ');
    const factors = [
      [tile0, channel0],
      [tile1, channel0],
      [tile0, channel1],
      [tile1, channel1],
    ];
    return factors.map(([x, w], i) =>
      half === 0 && first === 'smuad' ? `smuad r${2 + i},${x},${w}` : `smlad r${2 + i},${x},${w},r${2 + i}`,
    );
  });
  return ['ldm r0!,{r6-r9}', 'ldm r1!,{r10,r11,r12,lr}', ...products];
}

/**
 * Outputs (0,0), (0,1), (1,0), (1,1) of a tile into r2 to r5, from the words `index` of M at r0; the start in r11. Position (1, 1) counts
 * once, positively, in each output, so the start is added to it alone.
 */
function sums(index: number): string[] {
  const load = (column: number) =>
    [0, 1, 2, 3].map((row) => `ldr r${6 + row},[r0,#${16 * (4 * row + column) + 4 * index}]`);
  return [
    ...load(0),
    ...['add r2,r6,r7', 'add r2,r2,r8', 'sub r4,r7,r8', 'sub r4,r4,r9'],
    ...load(1),
    ...['add r7,r7,r11', 'add r6,r6,r7', 'add r3,r6,r8', 'add r2,r2,r3'],
    ...['sub r7,r7,r8', 'sub r5,r7,r9', 'add r4,r4,r5'],
    ...load(2),
    ...['add r6,r6,r7', 'add r6,r6,r8', 'add r2,r2,r6', 'sub r3,r3,r6'],
    ...['sub r7,r7,r8', 'sub r7,r7,r9', 'add r4,r4,r7', 'sub r5,r5,r7'],
    ...load(3),
    ...['add r6,r6,r7', 'add r6,r6,r8', 'sub r3,r3,r6'],
    ...['sub r7,r7,r8', 'sub r7,r7,r9', 'sub r5,r5,r7'],
  ];
}

const OUTPUTS = ['r2', 'r3', 'r4', 'r5'];

/** By the multiplier in r12 and the addend in lr. */
function fixed(shift: number): string[] {
  return [...OUTPUTS.map((r) => `smmla ${r},${r},r12,lr`), ...OUTPUTS.map((r) => `ssat ${r},#8,${r},asr #${shift}`)];
}

/** float32(sum) * scale, rounded to nearest even and saturated by VCVTR, plus the zero point in lr. */
function exact(): string[] {
  const each = (line: (s: number) => string) => [4, 5, 6, 7].map(line);
  return [
    'vmov s4,s5,r2,r3',
    'vmov s6,s7,r4,r5',
    ...each((s) => `vcvt.f32.s32 s${s},s${s}`),
    ...each((s) => `vmul.f32 s${s},s${s},s9`),
    ...each((s) => `vcvtr.s32.f32 s${s},s${s}`),
    'vmov r2,r3,s4,s5',
    'vmov r4,r5,s6,s7',
    ...OUTPUTS.map((r) => `qadd ${r},${r},lr`),
    ...OUTPUTS.map((r) => `ssat ${r},#8,${r}`),
  ];
}

/** Stores r2 to r5, `offset` bytes behind the output of the first channel and tile. */
function stores(offset: number, outputs: number, rowStep: number): string[] {
  const isNear = offset + rowStep + outputs <= FARTHEST;
  const lower = isNear ? `[r6,#${offset + rowStep}]` : `[r7,#${offset}]`;
  const last = isNear ? `[r6,#${offset + rowStep + outputs}]` : `[r7,#${offset + outputs}]`;
  return [
    'vmov r6,s14',
    ...(isNear ? [] : [...immediate('r7', rowStep), 'add r7,r6,r7']),
    `strb r2,[r6,#${offset}]`,
    `strb r3,[r6,#${offset + outputs}]`,
    `strb r4,${lower}`,
    `strb r5,${last}`,
  ];
}

/** Rows of a transformed column in the order in which PUSH leaves them. */
const PUSHED_ROWS = [0, 2, 3, 1];

/**
 * r0 x, r1 bytes from row to row, r2 V. Each column of four channels is transformed and pushed, then each row is transformed.
 * s0 to s3 the rows of x, s4 V, s5 its end.
 */
export function inputInstructions(channels: number): string[] {
  return [
    'push {r4-r11,lr}',
    'vmov s4,r2',
    ...immediate('r3', 4 * channels),
    'add r3,r2,r3',
    'vmov s5,r3',
    'mov r4,r1',
    ...['add r1,r0,r4', 'add r2,r1,r4', 'add r3,r2,r4'],
    '1:',
    ...Array.from({ length: COLUMNS }, (_, column) => inputColumn(column * channels)).flat(),
    'vmov s0,s1,r0,r1',
    'vmov s2,s3,r2,r3',
    'vmov r12,s4',
    'add r0,r12,#16',
    'vmov s4,r0',
    ...[0, 1, 2, 3].flatMap((row) => inputRow(row, 4 * channels)),
    `add sp,#${32 * COLUMNS}`,
    'vmov r0,r1,s0,s1',
    'vmov r2,r3,s2,s3',
    ...['r0', 'r1', 'r2', 'r3'].map((r) => `add ${r},${r},#4`),
    'vmov r4,r5,s4,s5',
    'cmp r4,r5',
    'bne.w 1b',
    'pop {r4-r11,pc}',
  ];
}

/** B' of one column, the odd channels in r4, r8, r10, r12, the even ones in r5, r9, r11, lr. */
function inputColumn(offset: number): string[] {
  const raw = ['r5', 'r7', 'r9', 'r11'];
  const odd = ['r4', 'r6', 'r8', 'r10'];
  return [
    ...raw.map((r, row) => `ldr ${r},[r${row},#${offset}]`),
    ...odd.map((r, row) => `sxtb16 ${r},${raw[row]},ror #8`),
    ...raw.map((r) => `sxtb16 ${r},${r}`),
    ...['ssub16 r4,r4,r8', 'sadd16 r12,r6,r8', 'ssub16 r8,r8,r6', 'ssub16 r10,r6,r10'],
    ...['ssub16 r5,r5,r9', 'sadd16 lr,r7,r9', 'ssub16 r9,r9,r7', 'ssub16 r11,r7,r11'],
    'push {r4,r5,r8-r12,lr}',
  ];
}

/** Four positions of both tiles at r12, `step` bytes apart; leaves r12 behind them. */
function inputRow(row: number, step: number): string[] {
  const even = (column: number) => `r${2 * column}`;
  const odd = (column: number) => `r${2 * column + 1}`;
  const slot = 8 * PUSHED_ROWS.indexOf(row);
  const loads = Array.from(
    { length: COLUMNS },
    (_, column) => `ldrd ${odd(column)},${even(column)},[sp,#${32 * (COLUMNS - 1 - column) + slot}]`,
  );
  const near = 3 * step + 8 <= FARTHEST_PAIR;
  // Column 0 is used by the first alone; its registers then take the results.
  const results = [
    ['ssub16', 0, 2],
    ['sadd16', 1, 2],
    ['ssub16', 2, 1],
    ['ssub16', 1, 3],
  ] as const;
  const lines = results.flatMap(([operation, a, b], position) => {
    const at = near ? position * step : 0;
    const store = (tile: 0 | 1) => [
      `${operation} r0,${even(a + 2 * tile)},${even(b + 2 * tile)}`,
      `${operation} r1,${odd(a + 2 * tile)},${odd(b + 2 * tile)}`,
      `strd r0,r1,[r12,#${at + 8 * tile}]`,
    ];
    return [...store(0), ...store(1), ...(near ? [] : [`addw r12,r12,#${step}`])];
  });
  return [...loads, ...lines, ...(near ? [`addw r12,r12,#${4 * step}`] : [])];
}
