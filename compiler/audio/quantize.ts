/** Features as a model's input takes them. */
import type { Quantization } from '../ir/graph.js';
import { roundHalfEven } from '../numerics/round.js';

const MOST = 65535;
const f = Math.fround;

/** What QuantizeLinear gives for a feature, before it saturates: steps above the zero point. */
function stepsOf(feature: number, featureScale: number, scale: number): number {
  return roundHalfEven(f(f(feature * f(featureScale)) / scale));
}

/**
 * The features from which on the quantized value is 1, 2, ... above the zero point; those that no feature reaches are left out.
 * @param highest of the element type: 127 or 255
 */
export function thresholdsOf(featureScale: number, { scale, zeroPoint }: Quantization, highest: number): Uint16Array {
  const thresholds: number[] = [];
  for (let feature = 0; feature <= MOST; feature += 1) {
    const steps = Math.min(stepsOf(feature, featureScale, scale[0]!), highest - zeroPoint[0]!);
    while (thresholds.length < steps) thresholds.push(feature);
  }
  return Uint16Array.from(thresholds);
}

/** By the thresholds, as the C does it. */
export function quantized(features: Uint16Array, thresholds: Uint16Array, zeroPoint: number): number[] {
  return Array.from(features, (feature) => zeroPoint + thresholds.filter((threshold) => feature >= threshold).length);
}
