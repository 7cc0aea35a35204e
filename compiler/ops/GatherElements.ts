import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { clampedIndex, gatherCall, gatherOperands, MOST_DIMENSIONS } from './shared/gather.js';
import { checkConstantIndices } from './shared/indices.js';
import { axisOf, forEachOffset, padLeft, stridesOf } from './shared/shapes.js';
import { elementBytes } from './shared/views.js';

/** Each output is the element of the data at its own place, but for the index along one axis. */
export default defineOp({
  name: 'GatherElements',
  domain: '',
  opsets: [11, 13],
  summary: 'any axis; constant or computed int32 or int64 indices; up to six dimensions',
  inputs: [{ name: 'data' }, { name: 'indices' }],
  outputs: ['output'],
  attributes: { axis: { type: 'int', default: 0 } },
  quantized: 'moves-data',
  infer(view) {
    const [data, indices] = gatherOperands(view);
    const axis = axisOf(view, view.int('axis'), data.shape.length);
    const fits = (size: number, i: number) => i === axis || size <= data.shape[i]!;
    if (indices.shape.length !== data.shape.length || !indices.shape.every(fits))
      view.bad(`the indices have shape [${indices.shape}]`, {
        expected: `at most [${data.shape}], of any size along axis ${axis}`,
      });
    if (data.shape.length > MOST_DIMENSIONS)
      view.bad(`the data has ${data.shape.length} dimensions`, { expected: `at most ${MOST_DIMENSIONS}` });
    checkConstantIndices(view, indices, () => data.shape[axis]!);
    return [{ dtype: data.dtype, shape: indices.shape }];
  },
  evaluate: (view, [data, indices]) => [gather(view, data!, indices!)],
  kernels: [
    {
      function: 'nanoc_gather_elements',
      family: 'portable',
      build(context) {
        const [data, indices] = gatherOperands(context);
        const { size, step, steps } = geometry(context);
        const bytes = elementBytes(data);
        const inBytes = steps.map((stride) => stride * bytes);
        const fields = {
          element: { int: bytes },
          index_bytes: { int: elementBytes(indices) },
          size: { int: size },
          step: { int: step * bytes },
          sizes: { ints: padLeft(indices.shape, MOST_DIMENSIONS, 1) },
          steps: { ints: padLeft(inBytes, MOST_DIMENSIONS, 0) },
        };
        return { call: gatherCall(context, 'nanoc_gather_elements', fields) };
      },
    },
  ],
});

/** Size and stride of the axis, and the strides of the others: that of the axis is 0. */
function geometry(view: NodeView): { size: number; step: number; steps: readonly number[] } {
  const { shape } = view.required(0);
  const axis = axisOf(view, view.int('axis'), shape.length);
  const strides = stridesOf(shape);
  return { size: shape[axis]!, step: strides[axis]!, steps: strides.map((stride, i) => (i === axis ? 0 : stride)) };
}

function gather(view: NodeView, source: Tensor, indices: Tensor): Tensor {
  const { size, step, steps } = geometry(view);
  const { dtype, shape } = view.output(0);
  const data = allocate(dtype, elementCount(shape));
  forEachOffset(shape, [steps], (position, [offset]) => {
    data[position] = source.data[offset! + clampedIndex(indices.data[position]!, size) * step]! as never;
  });
  return { dtype, shape, data };
}
