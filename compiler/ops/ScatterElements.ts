import { byteLength, bytesPerElement, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { checkConstantIndices } from './shared/indices.js';
import {
  indexWithin,
  MOST_DIMENSIONS,
  reduction,
  scatterCall,
  scatterInputs,
  scatterOperands,
} from './shared/scatter.js';
import { axisOf, forEachOffset, padLeft, stridesOf } from './shared/shapes.js';

/** Each update goes to its own place, but for the index along one axis; in ascending order. */
export default defineOp({
  name: 'ScatterElements',
  domain: '',
  opsets: [11, 13, 16, 18],
  summary:
    'computed or constant indices, no reduction; in place where the data is read no more; one row of a cache: CacheUpdate',
  inputs: scatterInputs,
  outputs: ['output'],
  attributes: { axis: { type: 'int', default: 0 }, reduction },
  quantized: 'float',
  infer(view) {
    const [data, indices, updates] = scatterOperands(view);
    const axis = axisOf(view, view.int('axis'), data.shape.length);
    const fits = (size: number, i: number) => i === axis || size <= data.shape[i]!;
    if (indices.shape.length !== data.shape.length || !indices.shape.every(fits))
      view.bad(`the indices have shape [${indices.shape}]`, { expected: `at most [${data.shape}]` });
    if (updates.shape.join() !== indices.shape.join())
      view.bad(`the updates have shape [${updates.shape}]`, { expected: `[${indices.shape}]` });
    if (data.shape.length > MOST_DIMENSIONS)
      view.bad(`the data has ${data.shape.length} dimensions`, { expected: `at most ${MOST_DIMENSIONS}` });
    checkConstantIndices(view, indices, () => data.shape[axis]!);
    return [{ dtype: data.dtype, shape: data.shape }];
  },
  evaluate: (view, [data, indices, updates]) => [scatter(view, data!, indices!, updates!)],
  kernels: [
    {
      function: 'nanoc_scatter_elements',
      family: 'portable',
      build(context) {
        const [data, indices] = scatterOperands(context);
        const { size, step, steps } = geometry(context);
        const bytes = bytesPerElement(data.dtype);
        const inBytes = (list: readonly number[]) => padLeft(list, MOST_DIMENSIONS, 0).map((stride) => stride * bytes);
        const fields = {
          bytes: { int: byteLength(data) },
          element: { int: bytes },
          index_bytes: { int: bytesPerElement(indices.dtype) },
          size: { int: size },
          step: { int: step * bytes },
          sizes: { ints: padLeft(indices.shape, MOST_DIMENSIONS, 1) },
          steps: { ints: inBytes(steps) },
        };
        return { call: scatterCall(context, 'nanoc_scatter_elements', fields) };
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

function scatter(view: NodeView, data: Tensor, indices: Tensor, updates: Tensor): Tensor {
  const { size, step, steps } = geometry(view);
  const result = data.data.slice();
  forEachOffset(indices.shape, [steps], (position, [offset]) => {
    const at = indexWithin(indices.data[position]!, size);
    if (at !== undefined) result[offset! + at * step] = updates.data[position]! as never;
  });
  return { ...data, data: result };
}
