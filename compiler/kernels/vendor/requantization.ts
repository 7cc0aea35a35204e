/** The constants of a vendor's convolution or matrix product: ONNX's bytes where they can be had, TFLite's own constants else. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { QuantizedMultiplier, RoundingLaw } from '../../numerics/law.js';
import { quantizeMultiplier } from '../../numerics/law.js';
import { solveVendor } from '../../numerics/vendor-solver.js';
import type { LowerContext } from '../../ops/define.js';
import { realFactors } from '../../ops/shared/convolution.js';
import type { Library } from '../../vendor/library.js';
import { layerOf } from '../arm-dsp/layer.js';
import type { ChannelSums } from '../requantization-plan.js';
import { weightRows } from './weights.js';

export interface VendorRequantization {
  /** One for each output channel. */
  readonly factors: readonly QuantizedMultiplier[];
  /** Set when some channel has no multiplier that gives ONNX's bytes: then the whole layer is in the profile `tflite`. */
  readonly law?: RoundingLaw;
  /** Channels that have one. */
  readonly solved: number;
}

/** Of a layer with constant weights. */
export interface LayerRequantization extends VendorRequantization {
  readonly sums: readonly ChannelSums[];
}

const known = new WeakMap<LowerContext, Map<RoundingLaw, LayerRequantization>>();

/** Of the node's weights under what the library computes. It takes long, and several options ask for the same: solved once for a context. */
export function requantizationOf(context: LowerContext, { law }: Pick<Library, 'law'>): LayerRequantization {
  const solutions = known.get(context) ?? new Map<RoundingLaw, LayerRequantization>();
  known.set(context, solutions);
  const requantization = solutions.get(law) ?? solve(context, law);
  solutions.set(law, requantization);
  return requantization;
}

function solve(context: LowerContext, law: RoundingLaw): LayerRequantization {
  const channels = context.output(0).shape.at(-1)!;
  const { channels: sums, zeroPoint, low, high } = layerOf(context, weightRows(context), channels, 'wide');
  const solutions = sums.map(({ scale, reach }) => solveVendor({ scale, zeroPoint, low, high, reach }, law));
  const solved = solutions.filter((solution) => solution !== undefined);
  if (solved.length === channels) return { factors: solved, solved: channels, sums };
  const factors = realFactors(context.required(0), context.required(1), context.output(0)).map(quantizeMultiplier);
  const perChannel = sums.map((_, c) => factors[factors.length === 1 ? 0 : c]!);
  return { factors: perChannel, law, solved: solved.length, sums };
}

/** Registers of 32 bits hold a sum shifted left, as kernels for Helium do it, one more than the others. */
export function overflows({ reach }: Pick<ChannelSums, 'reach'>, { shift }: QuantizedMultiplier): boolean {
  return Math.max(reach.greatest, -reach.least) * 2 ** Math.max(shift + 1, 0) >= 2 ** 31;
}

export const TOO_LARGE = 'a sum can leave 32 bits';

export function whyTooLarge(context: LowerContext, library: Library): string | undefined {
  const { factors, sums } = requantizationOf(context, library);
  return sums.some((sum, c) => overflows(sum, factors[c]!)) ? TOO_LARGE : undefined;
}

/** Multipliers and shifts of all channels. */
export function requantizationFields({ factors }: VendorRequantization): Record<string, ParamValue> {
  const constant = (suffix: 'multiplier' | 'shift') => {
    const data = Int32Array.from(factors, (factor) => factor[suffix]);
    return { constant: { suffix, data, role: 'scale' as const } };
  };
  return { multiplier: constant('multiplier'), shift: constant('shift') };
}

/** Law of a call, and a line for the report: the layer's profile, and why. */
export function lawOfCall({ law, solved, factors }: VendorRequantization): Pick<KernelCall, 'law' | 'remarks'> {
  if (law === undefined) {
    return {
      remarks: [
        'profile onnx: the multipliers of the call give the bytes of ONNX for every sum that the layer can reach',
      ],
    };
  }
  const rounding = law === 'tflite-single' ? 'rounded once' : 'rounded twice';
  const without = `${factors.length - solved} of ${factors.length} channels`;
  return { law, remarks: [`profile tflite, ${rounding}: ${without} have no multiplier with the bytes of ONNX`] };
}
