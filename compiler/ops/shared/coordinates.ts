/**
 * From positions in a resized dimension to positions in the original one (onnx: Resize, coordinate_transformation_mode).
 * In float32 and in the order of ONNX Runtime, so that positions next to a boundary fall on the same side.
 */
const f = Math.fround;

export const COORDINATE_MODES = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
] as const;
export const NEAREST_MODES = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;

/** One dimension of a Resize. */
export interface Axis {
  readonly input: number;
  readonly output: number;
  /** float32 */
  readonly scale: number;
  readonly coordinates: string;
}

/** Position in the input for index `i` of the output. */
export function originalPosition(axis: Axis, i: number): number {
  const { input, output, scale, coordinates } = axis;
  if (scale === 1) return i;
  const centre = f(f(i + 0.5) / scale);
  switch (coordinates) {
    case 'half_pixel':
      return f(centre - 0.5);
    case 'pytorch_half_pixel':
      return output > 1 ? f(centre - 0.5) : 0;
    case 'tf_half_pixel_for_nn':
      return centre;
    case 'align_corners':
      return output === 1 ? 0 : f(f(i * (input - 1)) / (output - 1));
    case 'half_pixel_symmetric': {
      const adjustment = f(output / f(scale * input));
      const offset = f(f(input / 2) * f(1 - adjustment));
      // Here ONNX Runtime rounds once, at the end.
      return f(offset + (i + 0.5) / scale - 0.5);
    }
    default:
      return f(i / scale);
  }
}

/** Index of the input for each index of the output. */
export function nearestIndices(axis: Axis, mode: string): number[] {
  return Array.from({ length: axis.output }, (_, i) => {
    const index = nearest(originalPosition(axis, i), mode);
    return Math.min(Math.max(index, 0), axis.input - 1);
  });
}

function nearest(x: number, mode: string): number {
  switch (mode) {
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    default:
      return Math.ceil(x - 0.5);
  }
}

/** The two indices that an output position lies between, and their weights. */
export interface Between {
  readonly first: number;
  readonly second: number;
  readonly firstWeight: number;
  readonly secondWeight: number;
}

/** At the borders, where both indices are one, each weighs a half, as in ONNX Runtime. */
export function linearWeights(axis: Axis): Between[] {
  return Array.from({ length: axis.output }, (_, i) => {
    const position = Math.min(Math.max(originalPosition(axis, i), 0), axis.input - 1);
    const first = Math.min(Math.trunc(position), axis.input - 1);
    const second = Math.min(first + 1, axis.input - 1);
    if (first === second) return { first, second, firstWeight: 0.5, secondWeight: 0.5 };
    return { first, second, firstWeight: f(second - position), secondWeight: f(position - first) };
  });
}
