import type { KernelCall } from '../ir/kernel-call.js';
import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import { axisOf } from './shared/shapes.js';
import { elementBytes, moveCall } from './shared/views.js';

/**
 * Negative indices count from the end. ONNX leaves an index out of range undefined; constant ones are an error, and computed
 * ones are clamped to the dimension, so that the firmware never reads beyond the tensor.
 */
export default defineOp({
  name: 'Gather',
  domain: '',
  opsets: [1, 11, 13],
  summary: 'any axis; constant or computed int32 or int64 indices',
  inputs: [{ name: 'data' }, { name: 'indices' }],
  outputs: ['output'],
  attributes: { axis: { type: 'int', default: 0 } },
  quantized: 'moves-data',
  infer(view) {
    const [data, indices] = [view.required(0), view.required(1)];
    if (indices.dtype !== 'int32' && indices.dtype !== 'int64')
      view.bad(`the indices are ${indices.dtype}`, { expected: 'int32 or int64' });
    const axis = axisOf(view, view.int('axis'), data.shape.length);
    const size = data.shape[axis]!;
    const wrong =
      indices.constant === undefined
        ? undefined
        : Array.from(indices.constant.data as Int32Array, Number).find((i) => i < -size || i >= size);
    if (wrong !== undefined) view.bad(`index ${wrong} is out of range`, { expected: `from ${-size} to ${size - 1}` });
    return [
      { dtype: data.dtype, shape: [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)] },
    ];
  },
  evaluate: (view, [data, indices]) => [evaluateGather(view, data!, indices!)],
  kernels: [{ function: 'nanoc_gather', family: 'portable', build: (context) => ({ call: gatherCall(context) }) }],
});

interface Geometry {
  readonly outer: number;
  readonly size: number;
  /** Elements behind the axis. */
  readonly block: number;
}

function geometry(view: NodeView): Geometry {
  const { shape } = view.required(0);
  const axis = axisOf(view, view.int('axis'), shape.length);
  return { outer: elementCount(shape.slice(0, axis)), size: shape[axis]!, block: elementCount(shape.slice(axis + 1)) };
}

function evaluateGather(view: NodeView, source: Tensor, indices: Tensor): Tensor {
  const { outer, size, block } = geometry(view);
  const { dtype, shape } = view.output(0);
  const data = allocate(dtype, elementCount(shape));
  let to = 0;
  for (let row = 0; row < outer; row += 1) {
    for (const index of indices.data as Int32Array) {
      const positive = Number(index) < 0 ? Number(index) + size : Number(index);
      const from = (row * size + Math.min(Math.max(positive, 0), size - 1)) * block;
      data.set(source.data.subarray(from, from + block) as never, to);
      to += block;
    }
  }
  return { dtype, shape, data };
}

function gatherCall(context: LowerContext): KernelCall {
  const [data, indices, y] = [context.required(0), context.required(1), context.output(0)];
  const { outer, size, block } = geometry(context);
  return moveCall(context, 'nanoc_gather', {
    arguments: [
      { kind: 'value', value: data.name, access: 'read' },
      { kind: 'value', value: indices.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      {
        kind: 'params',
        struct: 'nanoc_gather_params',
        fields: {
          outer: { int: outer },
          size: { int: size },
          block: { int: block * elementBytes(data) },
          indices: { int: elementCount(indices.shape) },
          index_bytes: { int: elementBytes(indices) },
        },
      },
    ],
    overlaps: [],
    alignment: Math.max(elementBytes(data), elementBytes(indices)),
  });
}
