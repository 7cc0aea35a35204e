import type { Value } from '../ir/graph.js';
import { allocate, elementCount, signOffset, type Tensor, type TensorData } from '../ir/tensor.js';

/**
 * The bytes that a device value must hold, from the ONNX tensor that it stands for (`Value.source`).
 * @param value a value of the optimised graph, with `source`
 * @param onnx the tensor of that name in the reference graph
 */
export function applySource(value: Value, onnx: Tensor): Tensor {
  const source = value.source;
  if (source === undefined) throw new Error(`invariant: "${value.name}" has no source`);
  const moved = source.perm === undefined ? onnx.data : permute(onnx.data, source.shape ?? onnx.shape, source.perm);
  const part = source.from === undefined ? moved : moved.slice(source.from, source.from + elementCount(value.shape));
  const data = source.signShift ? lowered(value, part) : part;
  return { dtype: value.dtype, shape: value.shape, data };
}

function lowered({ dtype }: Value, unsigned: TensorData): TensorData {
  const data = allocate(dtype, unsigned.length);
  const offset = signOffset(dtype);
  unsigned.forEach((x: number | bigint, i: number) => void (data[i] = Number(x) - offset));
  return data;
}

/** Elements in transposed order, as ONNX Transpose: result dimension i is input dimension perm[i]. */
export function permute<T extends TensorData>(data: T, shape: readonly number[], perm: readonly number[]): T {
  const result = data.slice() as T;
  const strides = shape.map((_, i) => elementCount(shape.slice(i + 1)));
  const size = perm.map((p) => shape[p]!);
  const step = perm.map((p) => strides[p]!);
  const index = size.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to += 1) {
    result[to] = data[from]!;
    for (let axis = size.length - 1; axis >= 0; axis -= 1) {
      index[axis]! += 1;
      from += step[axis]!;
      if (index[axis]! < size[axis]!) break;
      from -= step[axis]! * size[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
