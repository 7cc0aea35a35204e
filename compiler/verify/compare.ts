/** Comparing what two sources say of one ONNX tensor. */
import type { Value } from '../ir/graph.js';
import { fromBytes, signOffset, type Tensor, type TensorData } from '../ir/tensor.js';
import { applySource } from '../reference/source.js';
import { onnxIndices } from '../simulate/onnx-form.js';

/** The first element that differs, in ONNX order of dimensions and ONNX units, and how many do. */
export interface Difference {
  readonly element: readonly number[];
  readonly expected: number;
  readonly got: number;
  readonly differing: number;
  readonly of: number;
}

/** Compares a device value's bytes with the ONNX tensor that it stands for; undefined when they are equal. */
export function compareDevice(device: Value, onnx: Value, expected: Tensor, bytes: Uint8Array): Difference | undefined {
  const got = fromBytes(device.dtype, bytes);
  const wanted = device.source === undefined ? expected : applySource(device, expected);
  const differing = differences(wanted.data, got);
  if (differing.length === 0) return undefined;
  const indices = onnxIndices(device, onnx);
  const first = differing.reduce((best, index) => (indices[index]! < indices[best]! ? index : best));
  const shift = device.source?.signShift === true ? signOffset(device.dtype) : 0;
  return {
    element: coordinatesOf(indices[first]!, onnx.shape),
    expected: Number(wanted.data[first]) + shift,
    got: Number(got[first]) + shift,
    differing: differing.length,
    of: got.length,
  };
}

/** Indices at which two arrays differ. Any NaN equals any other: its bits are the processor's choice. */
export function differences(a: TensorData, b: TensorData): number[] {
  const list: number[] = [];
  for (let index = 0; index < a.length; index += 1) {
    if (!Object.is(a[index], b[index])) list.push(index);
  }
  return list;
}

/** Coordinates of an element of a row-major tensor. */
export function coordinatesOf(index: number, shape: readonly number[]): number[] {
  const coordinates: number[] = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    coordinates.unshift(rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  return coordinates;
}

/** `conv1_out[0,3,2]`; `scores` for a scalar. */
export function elementText(tensor: string, element: readonly number[]): string {
  return element.length === 0 ? tensor : `${tensor}[${element.join(',')}]`;
}

/** Largest tolerated distance of floats from ONNX Runtime, absolute or relative. */
export const FLOAT_TOLERANCE = 1e-5;

/** How far two tensors are apart. Integers must be equal, floats within `FLOAT_TOLERANCE`. */
export function distance(expected: TensorData, got: TensorData): { differing: number[]; maxDistance: number } {
  const differing: number[] = [];
  let maxDistance = 0;
  for (let index = 0; index < expected.length; index += 1) {
    const [a, b] = [Number(expected[index]), Number(got[index])];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const apart = Math.abs(a - b);
    maxDistance = Math.max(maxDistance, Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart);
    const isFloat = expected instanceof Float32Array || expected instanceof Float64Array;
    const tolerated = isFloat && apart <= FLOAT_TOLERANCE * Math.max(1, Math.abs(a));
    if (!tolerated) differing.push(index);
  }
  return { differing, maxDistance };
}
