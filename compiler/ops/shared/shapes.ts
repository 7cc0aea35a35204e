/** Shape arithmetic that several operators share. */
import type { Value } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import type { NodeView } from '../define.js';

/** ONNX broadcasting (Broadcasting.md) of two shapes. */
export function broadcastShapes(view: NodeView, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      view.bad(`shapes [${a}] and [${b}] do not broadcast`, {
        expected: 'equal dimensions, or 1, counted from the last',
      });
    }
    return x === 1 ? y : x;
  });
}

/** Strides in elements of `shape` when read as `target` by broadcasting: 0 where a dimension repeats. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const strides = stridesOf(shape);
  const lead = target.length - shape.length;
  return target.map((_, i) => (i < lead || shape[i - lead] === 1 ? 0 : strides[i - lead]!));
}

/** Row-major strides in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, i) => elementCount(shape.slice(i + 1)));
}

/** A possibly negative axis as an index. */
export function axisOf(view: NodeView, axis: number, rank: number): number {
  if (axis < -rank || axis >= Math.max(rank, 1))
    view.bad(`axis ${axis} is out of range`, { expected: `from ${-rank} to ${rank - 1}` });
  return axis < 0 ? axis + rank : axis;
}

/** The integers of a constant value: an int64 or int32 input such as a shape. */
export function integersOf(value: Value | undefined): number[] | undefined {
  const data = value?.constant?.data;
  return data === undefined ? undefined : Array.from(data as Int32Array, Number);
}

/** Axes from the attribute (older opsets) or the constant input `index` (newer ones); undefined when neither is there. */
export function axesOf(view: NodeView, index: number, rank: number): number[] | undefined {
  const given = integersOf(view.input(index)) ?? (view.has('axes') ? [...view.ints('axes')] : undefined);
  return given?.map((axis) => axisOf(view, axis, rank));
}

/** Calls `visit` with the offsets (sums of index * stride, one for each list of strides) of every element in row-major order. */
export function forEachOffset(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  visit: (position: number, offsets: readonly number[]) => void,
): void {
  const total = elementCount(shape);
  const index = shape.map(() => 0);
  const offsets = strides.map(() => 0);
  for (let position = 0; position < total; position += 1) {
    visit(position, offsets);
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis]! += 1;
      for (let k = 0; k < strides.length; k += 1) offsets[k]! += strides[k]![axis]!;
      if (index[axis]! < shape[axis]!) break;
      for (let k = 0; k < strides.length; k += 1) offsets[k]! -= strides[k]![axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/**
 * The same walk with fewer dimensions: dimensions of size 1 are dropped, neighbours that lie one after the other in all
 * strides become one.
 */
export function mergeDimensions(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
): { shape: number[]; strides: number[][] } {
  const kept: { size: number; steps: number[] }[] = [];
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const steps = strides.map((list) => list[axis]!);
    const last = kept.at(-1);
    if (last?.steps.every((step, k) => step === steps[k]! * size)) {
      last.size *= size;
      last.steps = steps;
    } else kept.push({ size, steps });
  });
  return { shape: kept.map(({ size }) => size), strides: strides.map((_, k) => kept.map(({ steps }) => steps[k]!)) };
}

/** The list with leading `fill`s up to `length`. */
export function padLeft(list: readonly number[], length: number, fill: number): number[] {
  return [...Array<number>(length - list.length).fill(fill), ...list];
}
