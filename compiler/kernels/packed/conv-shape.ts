/** Shapes of packed convolutions and matrix products; generators name their functions by them. */
import type { GeneratedSource } from '../../ir/kernel-call.js';
import { type Mode, modeName, type SurplusForm } from './stream.js';

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
  /** The activation has bounds of its own: these. */
  readonly clamps: boolean;
  readonly low: number;
  readonly high: number;
}

export interface PackedConv {
  readonly function: string;
  readonly header: string;
  readonly generated: readonly GeneratedSource[];
  readonly scratchBytes: number;
  readonly assemblyStack: number;
}

export function innerOf(shape: PackedConvShape): number {
  return shape.kernelHeight * shape.kernelWidth * shape.inChannels;
}

/** Inputs in a row of a window. */
export function rowBytes(shape: PackedConvShape): number {
  return shape.kernelWidth * shape.inChannels;
}

/** Whether some window leaves the image. */
export function pads({ kernelHeight, kernelWidth, ...shape }: PackedConvShape): boolean {
  const bottom = (shape.outHeight - 1) * shape.strideHeight - shape.padTop + kernelHeight > shape.inHeight;
  const right = (shape.outWidth - 1) * shape.strideWidth - shape.padLeft + kernelWidth > shape.inWidth;
  return shape.padTop > 0 || shape.padLeft > 0 || bottom || right;
}

/** The function's name, by all that its code depends on. */
export function convName(core: string, shape: PackedConvShape): string {
  const s = shape;
  const batch = s.batches === 1 ? '' : `${s.batches}x`;
  const window = `k${s.kernelHeight}x${s.kernelWidth}_s${s.strideHeight}x${s.strideWidth}_p${s.padTop}x${s.padLeft}`;
  const lists = s.surplus === 'none' ? '' : `_${s.surplus}`;
  const near = s.modes.some(({ form }) => form === undefined) ? `_near${s.exactFraction}` : '';
  const tail = `${s.modes.map(modeName).join('_')}${near}${lists}${s.clamps ? '_clamp' : ''}`;
  return `nanoc_conv_${core}_${batch}${s.inHeight}x${s.inWidth}x${s.inChannels}_${s.outHeight}x${s.outWidth}x${s.outChannels}_${window}_${tail}`;
}
