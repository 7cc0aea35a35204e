/** The constants of a vendor's convolution or matrix product: ONNX's bytes where they can be had, TFLite's own constants else. */
import type { Law, QuantizedMultiplier } from '../numerics/law.js';
import { quantizeMultiplier } from '../numerics/law.js';
import { solveVendor } from '../numerics/vendor-solver.js';
import type { LowerContext } from '../ops/define.js';
import { realFactors } from '../ops/shared/convolution.js';
import { layerOf } from './arm-dsp/layer.js';

export interface VendorRequantization {
  /** One for each output channel. */
  readonly factors: readonly QuantizedMultiplier[];
  /** Set when some channel has no multiplier that gives ONNX's bytes: then the whole layer is in the profile `tflite`. */
  readonly law?: Law;
  /** Channels that have one. */
  readonly solved: number;
}

/**
 * @param weights in the order [channels][inner]
 * @param law what the library computes, by how it is built
 */
export function vendorRequantization(
  context: LowerContext,
  weights: Int8Array,
  channels: number,
  law: Law,
): VendorRequantization {
  const { channels: sums, zeroPoint, low, high } = layerOf(context, weights, channels);
  const solutions = sums.map(({ scale, reach }) => solveVendor({ scale, zeroPoint, low, high, reach }, law));
  const solved = solutions.filter((solution) => solution !== undefined);
  if (solved.length === channels) return { factors: solved, solved: channels };
  const factors = realFactors(context.required(0), context.required(1), context.output(0)).map(quantizeMultiplier);
  const perChannel = Array.from({ length: channels }, (_, c) => factors[factors.length === 1 ? 0 : c]!);
  return { factors: perChannel, law, solved: solved.length };
}

/** Line for the report: the layer's profile, and why. */
export function profileRemark({ law, solved, factors }: VendorRequantization): string {
  if (law === undefined)
    return 'profile onnx: the multipliers of the call give the bytes of ONNX for every sum that the layer can reach';
  const rounding = law === 'tflite-single' ? 'rounded once' : 'rounded twice';
  return `profile tflite, ${rounding}: ${factors.length - solved} of ${factors.length} channels have no multiplier with the bytes of ONNX`;
}
