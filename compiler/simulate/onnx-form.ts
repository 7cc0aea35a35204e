/** From what the device holds back to the ONNX tensor: the inverse of `applySource` (reference/source.ts). */
import type { Graph, Value } from '../ir/graph.js';
import { valueOf } from '../ir/graph.js';
import { elementCount, fromBytes, signOffset, type Tensor } from '../ir/tensor.js';
import { permute } from '../reference/source.js';

/** The ONNX tensor (type and shape of `onnx`) that a device value with these bytes holds. */
export function toOnnx(device: Value, onnx: Value, bytes: Uint8Array): Tensor {
  const data = fromBytes(device.dtype, bytes);
  const source = device.source;
  if (source === undefined) return { dtype: onnx.dtype, shape: onnx.shape, data };
  let moved = data;
  if (source.perm !== undefined) {
    const seen = source.shape ?? onnx.shape;
    const back = source.perm.map((_, axis) => source.perm!.indexOf(axis));
    moved = permute(
      data,
      source.perm.map((axis) => seen[axis]!),
      back,
    );
  }
  if (source.signShift) {
    const offset = signOffset(device.dtype);
    const raised = Array.from(moved as Int8Array, (x) => x + offset);
    moved = onnx.dtype === 'uint16' ? Uint16Array.from(raised) : Uint8Array.from(raised);
  }
  return { dtype: onnx.dtype, shape: onnx.shape, data: moved };
}

/** For each element of a device value, its index in the ONNX tensor in row-major order. */
export function onnxIndices(device: Value, onnx: Value): Int32Array {
  const count = elementCount(onnx.shape);
  const identity = Int32Array.from({ length: count }, (_, index) => index);
  const source = device.source;
  const whole = source?.perm === undefined ? identity : permute(identity, source.shape ?? onnx.shape, source.perm);
  return source?.from === undefined ? whole : whole.subarray(source.from, source.from + elementCount(device.shape));
}

/** The value of the reference graph that stands for a graph output of the device: outputs keep their order. */
export function referenceOutput(device: Graph, reference: Graph, name: string): Value {
  return valueOf(reference, reference.outputs[device.outputs.indexOf(name)] ?? name);
}

/** The ONNX tensor, with its name, of a graph output of the device with these bytes. */
export function outputTensor(device: Graph, reference: Graph, value: Value, bytes: Uint8Array): [string, Tensor] {
  const onnx = referenceOutput(device, reference, value.name);
  return [onnx.name, toOnnx(value, onnx, bytes)];
}

/** The value of the reference graph that stands for a graph input of the device: inputs keep their order. */
export function referenceInput(device: Graph, reference: Graph, name: string): Value {
  return valueOf(reference, reference.inputs[device.inputs.indexOf(name)] ?? name);
}
