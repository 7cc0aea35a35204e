/**
 * A small program that computes one element of the output from the elements of the inputs at the same place: attribute `steps` of
 * Elementwise. A step is its name and what it works on, an input, a constant, or the results of two steps before it:
 *
 *     input 0        the float32 element of input 0                    Add 0 1, Sub, Mul, Div    of the results of steps 0 and 1
 *     dequantize 1   (q - zero) * scale of the byte of input 1         constant 0                attribute `constant0`
 *     table 0        attribute `table0` at the byte of input 0
 */
import type { BinaryRule } from './elementwise.js';

const f = Math.fround;

export const BINARY_STEPS = {
  Add: { float: (a, b) => f(a + b), symbol: '+' },
  Sub: { float: (a, b) => f(a - b), symbol: '-' },
  Mul: { float: (a, b) => f(a * b), symbol: '*' },
  Div: { float: (a, b) => f(a / b), symbol: '/' },
} satisfies Record<string, Pick<BinaryRule, 'float'> & { readonly symbol: string }>;

export type BinaryName = keyof typeof BINARY_STEPS;

export interface LeafStep {
  readonly kind: 'input' | 'dequantize' | 'table' | 'constant';
  readonly index: number;
}

export interface BinaryStep {
  readonly kind: BinaryName;
  readonly left: number;
  readonly right: number;
}

export type Step = LeafStep | BinaryStep;

export function isBinary(step: Step): step is BinaryStep {
  return step.kind in BINARY_STEPS;
}

export function stepText(step: Step): string {
  return isBinary(step) ? `${step.kind} ${step.left} ${step.right}` : `${step.kind} ${step.index}`;
}

export function parseSteps(texts: readonly string[]): Step[] {
  return texts.map((text): Step => {
    const [kind, first, second] = text.split(' ') as [Step['kind'], string, string | undefined];
    if (kind in BINARY_STEPS) return { kind: kind as BinaryName, left: Number(first), right: Number(second) };
    return { kind: kind as LeafStep['kind'], index: Number(first) };
  });
}
