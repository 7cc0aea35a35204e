/** What the MVE functions have in common: their frame, and how sums become bytes. */
import { assemblyFunction, immediate } from '../arm-dsp/assembly.js';

/** The registers that VMLADAVA can sum into: even ones only. */
export const SUMS = ['r0', 'r2', 'r4', 'r6', 'r8', 'r10', 'r12', 'lr'] as const;

/** r4 to r11 and lr, then q4 to q7. */
const SAVED_BYTES = 36 + 64;

/** Bytes of stack of a function with this many bytes of local words; a multiple of eight with what is saved and one word more. */
export function frameBytes(locals: number): number {
  return SAVED_BYTES + locals;
}

/** A function of the AAPCS that may use every register. `locals` bytes are at sp. */
export function mveFunction(name: string, locals: number, body: readonly string[]): string[] {
  return assemblyFunction(name, [
    'push {r4-r11,lr}',
    'vpush {d8-d15}',
    ...(locals > 0 ? [`sub sp,#${locals}`] : []),
    ...body,
    ...(locals > 0 ? [`add sp,#${locals}`] : []),
    'vpop {d8-d15}',
    'pop {r4-r11,pc}',
  ]);
}

/** Adds a constant; `spare` is used where it does not fit twelve bits. */
export function add(to: string, from: string, value: number, spare: string): string[] {
  if (value === 0 && to === from) return [];
  if (value >= 0 && value <= 4095) return [`addw ${to},${from},#${value}`];
  if (value < 0 && value >= -4095) return [`subw ${to},${from},#${-value}`];
  return [...immediate(spare, Math.abs(value)), `${value > 0 ? 'add' : 'sub'} ${to},${from},${spare}`];
}

/** Four words into the lanes of a vector, in their order. */
export function lanes(vector: string, [a, b, c, d]: readonly string[]): string[] {
  return [`vmov ${vector}[2],${vector}[0],${a},${c}`, `vmov ${vector}[3],${vector}[1],${b},${d}`];
}

/** Sums in two vectors times scales, to the nearest integer, ties to even. */
export function scaled(first: string, second: string, scales: readonly [string, string]): string[] {
  const both = (text: (vector: string, i: 0 | 1) => string) => [text(first, 0), text(second, 1)];
  return [
    ...both((q) => `vcvt.f32.s32 ${q},${q}`),
    ...both((q, i) => `vmul.f32 ${q},${q},${scales[i]}`),
    ...both((q) => `vcvtn.s32.f32 ${q},${q}`),
  ];
}

/** Bounds halfwords by the two words at [sp,#at]; r0 and r2 are lost. */
export function clamped(vector: string, spare: string, at: number): string[] {
  return [
    `ldrd r0,r2,[sp,#${at}]`,
    `vdup.16 ${spare},r0`,
    `vmax.s16 ${vector},${vector},${spare}`,
    `vdup.16 ${spare},r2`,
    `vmin.s16 ${vector},${vector},${spare}`,
  ];
}
