import type { KernelCall } from '../ir/kernel-call.js';
import { bytesPerElement, elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';

/**
 * present = past with the row at `position` along `axis` replaced; a position outside of it replaces none. With `from_end` a negative
 * position counts from the end, as the indices of ScatterND do. nanoc makes it (update-caches, scatter-caches).
 */
export default defineOp({
  name: 'CacheUpdate',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'one row of a tensor is replaced, in place where it is a state',
  inputs: [{ name: 'past' }, { name: 'row' }, { name: 'position' }],
  outputs: ['present'],
  attributes: { axis: { type: 'int', default: 0 }, from_end: { type: 'int', default: 0 } },
  quantized: 'float',
  infer: (view) => [{ dtype: view.required(0).dtype, shape: view.required(0).shape }],
  evaluate: (view, [past, row, position]) => [updateRow(view, past!, row!, Number(position!.data[0]))],
  kernels: [
    {
      function: 'nanoc_cache_update',
      family: 'portable',
      when(context) {
        if (context.int('from_end') === 1) return 'negative positions count from the end';
        return geometry(context).blocks === 1 || 'the rows lie in several blocks';
      },
      build: (context) => ({ call: updateCall(context) }),
    },
    {
      function: 'nanoc_cache_update_blocks',
      family: 'portable',
      build: (context) => ({ call: blocksCall(context) }),
    },
  ],
});

/** past is [blocks, rows, elements of a row]. */
function geometry(view: NodeView): { blocks: number; rows: number; width: number } {
  const { shape } = view.required(0);
  const axis = view.int('axis');
  return { blocks: elementCount(shape.slice(0, axis)), rows: shape[axis]!, width: elementCount(shape.slice(axis + 1)) };
}

function updateRow(view: NodeView, past: Tensor, row: Tensor, position: number): Tensor {
  const { blocks, rows, width } = geometry(view);
  const at = position < 0 && view.int('from_end') === 1 ? position + rows : position;
  const data = past.data.slice();
  if (at < 0 || at >= rows) return { ...past, data };
  for (let block = 0; block < blocks; block += 1)
    data.set(row.data.subarray(block * width, (block + 1) * width) as never, (block * rows + at) * width);
  return { ...past, data };
}

function updateCall(context: LowerContext): KernelCall {
  const { rows, width } = geometry(context);
  const call = cacheCall(context, 'nanoc_cache_update');
  return {
    ...call,
    arguments: [
      ...call.arguments,
      { kind: 'int', value: rows, comment: 'rows' },
      { kind: 'int', value: width * bytesPerElement(context.required(0).dtype), comment: 'bytes of a row' },
      { kind: 'int', value: bytesPerElement(context.required(2).dtype), comment: 'bytes of the position' },
    ],
  };
}

function blocksCall(context: LowerContext): KernelCall {
  const { blocks, rows, width } = geometry(context);
  const call = cacheCall(context, 'nanoc_cache_update_blocks');
  const fields = {
    blocks: { int: blocks },
    rows: { int: rows },
    row_bytes: { int: width * bytesPerElement(context.required(0).dtype) },
    position_bytes: { int: bytesPerElement(context.required(2).dtype) },
    from_end: { int: context.int('from_end') },
  };
  return {
    ...call,
    arguments: [...call.arguments, { kind: 'params', struct: 'nanoc_cache_update_blocks_params', fields }],
  };
}

function cacheCall(context: LowerContext, name: string): KernelCall {
  const [past, row, position] = [context.required(0), context.required(1), context.required(2)];
  const present = context.output(0);
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/cache.h',
    sources: [`portable/${name}.c`],
    arguments: [
      ...[past, row, position].map((value) => ({ kind: 'value', value: value.name, access: 'read' }) as const),
      { kind: 'value', value: present.name, access: 'write' },
    ],
    overlaps: [{ input: past.name, output: present.name, lead: 0 }],
    macs: 0,
    alignment: bytesPerElement(position.dtype),
  };
}
