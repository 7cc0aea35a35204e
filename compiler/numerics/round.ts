/** Float32 arithmetic in JavaScript: every operation is rounded with Math.fround, as IEEE 754 binary32 hardware does. */

/** Rounds to the nearest integer, ties to even (IEEE 754 roundTiesToEven; ONNX QuantizeLinear). Exact for every double. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const fraction = x - floor;
  if (fraction < 0.5) return floor;
  if (fraction > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

export function clamp(x: number, low: number, high: number): number {
  return x < low ? low : x > high ? high : x;
}
