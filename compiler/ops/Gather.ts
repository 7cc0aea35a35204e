import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { clampedIndex, gatherCall, gatherOperands } from './shared/gather.js';
import { checkConstantIndices } from './shared/indices.js';
import { axisOf } from './shared/shapes.js';
import { elementBytes } from './shared/views.js';

/** Indices name slices along one axis. */
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
    const [data, indices] = gatherOperands(view);
    const axis = axisOf(view, view.int('axis'), data.shape.length);
    checkConstantIndices(view, indices, () => data.shape[axis]!);
    return [
      { dtype: data.dtype, shape: [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)] },
    ];
  },
  evaluate: (view, [data, indices]) => [evaluateGather(view, data!, indices!)],
  kernels: [
    {
      function: 'nanoc_gather',
      family: 'portable',
      build(context) {
        const [data, indices] = gatherOperands(context);
        const { outer, size, block } = geometry(context);
        const fields = {
          outer: { int: outer },
          size: { int: size },
          block: { int: block * elementBytes(data) },
          indices: { int: elementCount(indices.shape) },
          index_bytes: { int: elementBytes(indices) },
        };
        return { call: gatherCall(context, 'nanoc_gather', fields) };
      },
    },
  ],
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
      const from = (row * size + clampedIndex(index, size)) * block;
      data.set(source.data.subarray(from, from + block) as never, to);
      to += block;
    }
  }
  return { dtype, shape, data };
}
