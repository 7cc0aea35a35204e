import { byteLength, bytesPerElement, elementCount, type Tensor } from '../ir/tensor.js';
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
import { padLeft, stridesOf } from './shared/shapes.js';

/** Tuples of indices name elements or whole blocks of the data, which the updates replace in ascending order. */
export default defineOp({
  name: 'ScatterND',
  domain: '',
  opsets: [11, 13, 16, 18],
  summary:
    'computed or constant indices, no reduction; in place where the data is read no more; one row of a cache: CacheUpdate',
  inputs: scatterInputs,
  outputs: ['output'],
  attributes: { reduction },
  quantized: 'float',
  infer(view) {
    const [data, indices, updates] = scatterOperands(view);
    const depth = indices.shape.at(-1) ?? view.bad('the indices are a scalar');
    if (depth < 1 || depth > data.shape.length || depth > MOST_DIMENSIONS)
      view.bad(`the indices have ${depth} numbers each for [${data.shape}]`, {
        expected: `from 1 to ${Math.min(data.shape.length, MOST_DIMENSIONS)}`,
      });
    const expected = [...indices.shape.slice(0, -1), ...data.shape.slice(depth)];
    if (updates.shape.join() !== expected.join())
      view.bad(`the updates have shape [${updates.shape}]`, { expected: `[${expected}]` });
    checkConstantIndices(view, indices, (i) => data.shape[i % depth]!);
    return [{ dtype: data.dtype, shape: data.shape }];
  },
  evaluate: (view, [data, indices, updates]) => [scatter(view, data!, indices!, updates!)],
  kernels: [
    {
      function: 'nanoc_scatter_nd',
      family: 'portable',
      build(context) {
        const [data, indices] = scatterOperands(context);
        const { depth, tuples, block } = geometry(context);
        const bytes = bytesPerElement(data.dtype);
        const fields = {
          bytes: { int: byteLength(data) },
          tuples: { int: tuples },
          depth: { int: depth },
          block: { int: block * bytes },
          index_bytes: { int: bytesPerElement(indices.dtype) },
          sizes: { ints: [...data.shape.slice(0, depth), ...Array<number>(MOST_DIMENSIONS - depth).fill(1)] },
          steps: {
            ints: [
              ...stridesOf(data.shape)
                .slice(0, depth)
                .map((stride) => stride * bytes),
              ...padLeft([], MOST_DIMENSIONS - depth, 0),
            ],
          },
        };
        return { call: scatterCall(context, 'nanoc_scatter_nd', fields) };
      },
    },
  ],
});

function geometry(view: NodeView): { depth: number; tuples: number; block: number } {
  const [data, indices] = scatterOperands(view);
  const depth = indices.shape.at(-1)!;
  return {
    depth,
    tuples: elementCount(indices.shape.slice(0, -1)),
    block: elementCount(data.shape.slice(depth)),
  };
}

function scatter(view: NodeView, data: Tensor, indices: Tensor, updates: Tensor): Tensor {
  const { depth, tuples, block } = geometry(view);
  const strides = stridesOf(data.shape);
  const result = data.data.slice();
  for (let tuple = 0; tuple < tuples; tuple += 1) {
    const at = Array.from({ length: depth }, (_, i) => indexWithin(indices.data[tuple * depth + i]!, data.shape[i]!));
    if (at.includes(undefined)) continue;
    const start = at.reduce<number>((sum, index, i) => sum + index! * strides[i]!, 0);
    result.set(updates.data.subarray(tuple * block, (tuple + 1) * block) as never, start);
  }
  return { ...data, data: result };
}
