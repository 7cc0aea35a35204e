import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { clampedIndex, gatherCall, gatherOperands, MOST_DIMENSIONS } from './shared/gather.js';
import { checkConstantIndices } from './shared/indices.js';
import { stridesOf } from './shared/shapes.js';
import { elementBytes } from './shared/views.js';

/** Tuples of indices name elements or whole blocks of the data, in each batch of it. */
export default defineOp({
  name: 'GatherND',
  domain: '',
  opsets: [11, 12, 13],
  summary: 'constant or computed int32 or int64 indices, up to six of a tuple; batch_dims',
  inputs: [{ name: 'data' }, { name: 'indices' }],
  outputs: ['output'],
  attributes: {
    batch_dims: {
      type: 'int',
      default: 0,
      check: (count) => (Number(count) >= 0 ? undefined : `must not be negative, and is ${count}`),
    },
  },
  quantized: 'moves-data',
  infer(view) {
    const [data, indices] = gatherOperands(view);
    const batchDims = view.int('batch_dims');
    const depth = indices.shape.at(-1) ?? view.bad('the indices are a scalar');
    const most = Math.min(data.shape.length - batchDims, MOST_DIMENSIONS);
    if (depth < 1 || depth > most)
      view.bad(`the indices have ${depth} numbers each for [${data.shape}] with batch_dims ${batchDims}`, {
        expected: most < 1 ? `batch_dims below ${data.shape.length}` : `from 1 to ${most}`,
      });
    const [own, batches] = [data.shape.slice(0, batchDims), indices.shape.slice(0, -1).slice(0, batchDims)];
    if (own.join() !== batches.join())
      view.bad(`the indices have shape [${indices.shape}]`, {
        expected: `one that begins with [${own}], as the data (batch_dims ${batchDims})`,
      });
    checkConstantIndices(view, indices, (i) => data.shape[batchDims + (i % depth)]!);
    return [{ dtype: data.dtype, shape: [...indices.shape.slice(0, -1), ...data.shape.slice(batchDims + depth)] }];
  },
  evaluate: (view, [data, indices]) => [gather(view, data!, indices!)],
  kernels: [
    {
      function: 'nanoc_gather_nd',
      family: 'portable',
      build(context) {
        const [data, indices] = gatherOperands(context);
        const { batches, batch, tuples, block, sizes, steps } = geometry(context);
        const bytes = elementBytes(data);
        const filled = (list: readonly number[]) => [...list, ...Array<number>(MOST_DIMENSIONS - list.length).fill(0)];
        const fields = {
          batches: { int: batches },
          batch: { int: batch * bytes },
          tuples: { int: tuples },
          depth: { int: sizes.length },
          block: { int: block * bytes },
          index_bytes: { int: elementBytes(indices) },
          sizes: { ints: filled(sizes) },
          steps: { ints: filled(steps.map((step) => step * bytes)) },
        };
        return { call: gatherCall(context, 'nanoc_gather_nd', fields) };
      },
    },
  ],
});

/** In elements of the data; `sizes` and `steps` for each index of a tuple. */
interface Geometry {
  readonly batches: number;
  readonly batch: number;
  /** Of a batch. */
  readonly tuples: number;
  readonly block: number;
  readonly sizes: readonly number[];
  readonly steps: readonly number[];
}

function geometry(view: NodeView): Geometry {
  const [data, indices] = gatherOperands(view);
  const batchDims = view.int('batch_dims');
  const depth = indices.shape.at(-1)!;
  const named = [batchDims, batchDims + depth] as const;
  return {
    batches: elementCount(data.shape.slice(0, batchDims)),
    batch: elementCount(data.shape.slice(batchDims)),
    tuples: elementCount(indices.shape.slice(batchDims, -1)),
    block: elementCount(data.shape.slice(batchDims + depth)),
    sizes: data.shape.slice(...named),
    steps: stridesOf(data.shape).slice(...named),
  };
}

function gather(view: NodeView, source: Tensor, indices: Tensor): Tensor {
  const { batch, tuples, block, sizes, steps } = geometry(view);
  const { dtype, shape } = view.output(0);
  const data = allocate(dtype, elementCount(shape));
  for (let to = 0; to * block < data.length; to += 1) {
    const first = Math.floor(to / tuples) * batch;
    const from = steps.reduce(
      (sum, step, i) => sum + step * clampedIndex(indices.data[to * steps.length + i]!, sizes[i]!),
      first,
    );
    data.set(source.data.subarray(from, from + block) as never, to * block);
  }
  return { dtype, shape, data };
}
