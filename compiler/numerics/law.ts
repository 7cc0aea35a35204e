/**
 * The arithmetic of the profile `tflite` (docs/NUMERICS.md): what TFLite Micro, CMSIS-NN and ESP-NN do where ONNX multiplies by a
 * float32 scale. A real factor is a multiplier of 31 bits and a power of two; the product is rounded once or twice, which
 * depends on how the library is built.
 *
 * Sources: CMSIS-NN `arm_nn_requantize` (arm_nnsupportfunctions.h), ESP-NN `esp_nn_multiply_by_quantized_mult`
 * (common_functions.h), TensorFlow Lite `MultiplyByQuantizedMultiplier` and `QuantizeMultiplier` (kernels/internal).
 */

/** How a vendor's kernel rounds: once (`CMSIS_NN_USE_SINGLE_ROUNDING`), or after the product and again after the shift. */
export type RoundingLaw = 'tflite-single' | 'tflite-double';

/** `tflite-reduced`: sums of 64 bits by a multiplier of 15 bits, rounded once however the library is built (CMSIS-NN `arm_nn_requantize_s64`). */
export type Law = RoundingLaw | 'tflite-reduced';

/** factor = multiplier * 2^(shift - 31), 2^30 <= multiplier < 2^31. */
export interface QuantizedMultiplier {
  readonly multiplier: number;
  /** Positive to the left. */
  readonly shift: number;
}

/** TFLite's `QuantizeMultiplier`: a double as a multiplier of 31 bits; factors below 2^-32 become 0. */
export function quantizeMultiplier(factor: number): QuantizedMultiplier {
  if (factor === 0) return { multiplier: 0, shift: 0 };
  let shift = Math.floor(Math.log2(factor)) + 1;
  // log2 may be off by one next to a power of two.
  if (factor / 2 ** shift >= 1) shift += 1;
  if (factor / 2 ** shift < 0.5) shift -= 1;
  let multiplier = Math.round((factor / 2 ** shift) * 2 ** 31);
  if (multiplier === 2 ** 31) {
    multiplier /= 2;
    shift += 1;
  }
  return shift < -31 ? { multiplier: 0, shift: 0 } : { multiplier, shift };
}

/** CMSIS-NN's REDUCE_MULTIPLIER: 31 bits to 15. */
function reduced(multiplier: number): number {
  return multiplier < 0x7fff0000 ? Math.floor((multiplier + 0x8000) / 0x10000) : 0x7fff;
}

/** `x * multiplier * 2^(shift - 31)`, rounded as `law` says; x is an int32, with `tflite-reduced` any integer of 48 bits. */
export function multiplyByQuantizedMultiplier(x: number, { multiplier, shift }: QuantizedMultiplier, law: Law): number {
  if (law === 'tflite-reduced') {
    const half = BigInt.asIntN(32, (BigInt(x) * BigInt(reduced(multiplier))) >> BigInt(14 - shift));
    return Number(BigInt.asIntN(32, half + 1n) >> 1n);
  }
  if (law === 'tflite-single') {
    const half = BigInt.asIntN(32, (BigInt(x) * BigInt(multiplier)) >> BigInt(30 - shift));
    return Number(BigInt.asIntN(32, half + 1n) >> 1n);
  }
  const left = BigInt.asIntN(32, BigInt(x) << BigInt(Math.max(shift, 0)));
  const product = Number(BigInt.asIntN(32, (left * BigInt(multiplier) + (1n << 30n)) >> 31n));
  return divideByPowerOfTwo(product, Math.max(-shift, 0));
}

/** Rounding division, ties away from zero (gemmlowp's `RoundingDivideByPOT`); `exponent` from 0 to 31. */
export function divideByPowerOfTwo(x: number, exponent: number): number {
  const quotient = x / 2 ** exponent;
  // Adding 0 makes a 0 of -0.
  return quotient < 0 ? Math.ceil(quotient - 0.5) + 0 : Math.floor(quotient + 0.5);
}
