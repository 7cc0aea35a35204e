/**
 * The one place where int32 sums become quantized values (docs/NUMERICS.md, profile `onnx`).
 * The C twin is `nanoc_requantize` in runtime-c/include/nanoc/requantize.h.
 */
import { clamp, roundHalfEven } from './round.js';

/**
 * Scale of a sum of products on the way to the output: float32((float32(sx * sw)) / sy), the order of ONNX Runtime
 * (QLinearConv, QLinearMatMul: `X_scale * W_scale / Y_scale` in float).
 */
export function productScale(inputScale: number, weightScale: number, outputScale: number): number {
  return Math.fround(Math.fround(Math.fround(inputScale) * Math.fround(weightScale)) / Math.fround(outputScale));
}

/**
 * Scale of a sum of (q - zeroPoint) on the way to the average of `count` real numbers: float32(sx / float32(sy * count)), the
 * order of ONNX Runtime's integer kernel (MlasQLinearGlobalAveragePool). The C twin is in nanoc_average_pool_s8.
 */
export function averageScale(inputScale: number, outputScale: number, count: number): number {
  return Math.fround(Math.fround(inputScale) / Math.fround(Math.fround(outputScale) * count));
}

/** clamp(zeroPoint + roundHalfEven(float32(float32(sum) * scale)), low, high); `sum` is an int32, `scale` a float32. */
export function requantize(sum: number, scale: number, zeroPoint: number, low: number, high: number): number {
  const product = Math.fround(Math.fround(sum) * scale);
  return clamp(roundHalfEven(product) + zeroPoint, low, high);
}

/** QuantizeLinear of one float32: saturate(roundHalfEven(float32(x / scale)) + zeroPoint). NaN becomes the zero point's saturation of 0. */
export function quantize(x: number, scale: number, zeroPoint: number, low: number, high: number): number {
  const quotient = Math.fround(x / scale);
  if (Number.isNaN(quotient)) return clamp(zeroPoint, low, high);
  return clamp(roundHalfEven(quotient) + zeroPoint, low, high);
}

/** DequantizeLinear of one element: float32((q - zeroPoint) * scale). */
export function dequantize(q: number, scale: number, zeroPoint: number): number {
  return Math.fround(Math.fround(q - zeroPoint) * scale);
}
