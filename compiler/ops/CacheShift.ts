import { bytesPerElement, elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';

/**
 * present = past moved down along `axis` by the rows that come in behind it: the last rows of Concat(past, rows), as many as past has.
 * nanoc makes it (slide-caches). The window is moved, not written round in a ring: readers find it in the order that ONNX says, so that
 * their float sums are ONNX's, and moving a row takes less than reading it does in attention.
 */
export default defineOp({
  name: 'CacheShift',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'a sliding window moves on, in place where it is a state',
  inputs: [{ name: 'past' }, { name: 'rows' }],
  outputs: ['present'],
  attributes: { axis: { type: 'int', required: true } },
  quantized: 'float',
  infer: (view) => [{ dtype: view.required(0).dtype, shape: view.required(0).shape }],
  evaluate: (view, [past, rows]) => [shift(view, past!, rows!)],
  kernels: [
    {
      function: 'nanoc_cache_shift',
      family: 'portable',
      build(context) {
        const [past, rows, present] = [context.required(0), context.required(1), context.output(0)];
        const { blocks, block, fresh } = geometry(context);
        const bytes = bytesPerElement(past.dtype);
        return {
          call: {
            node: context.node,
            family: 'portable',
            function: 'nanoc_cache_shift',
            header: 'nanoc/cache.h',
            sources: ['portable/nanoc_cache_shift.c'],
            arguments: [
              { kind: 'value', value: past.name, access: 'read' },
              { kind: 'value', value: rows.name, access: 'read' },
              { kind: 'value', value: present.name, access: 'write' },
              { kind: 'int', value: blocks, comment: 'blocks' },
              { kind: 'int', value: block * bytes, comment: 'bytes of a block' },
              { kind: 'int', value: fresh * bytes, comment: 'bytes that come in' },
            ],
            overlaps: [{ input: past.name, output: present.name, lead: 0 }],
            macs: 0,
            alignment: 1,
          },
        };
      },
    },
  ],
});

/** Elements of a block (what lies behind the dimensions before the axis) and of the rows that come into it. */
function geometry(view: NodeView): { blocks: number; block: number; fresh: number } {
  const [past, rows] = [view.required(0).shape, view.required(1).shape];
  const axis = view.int('axis');
  return {
    blocks: elementCount(past.slice(0, axis)),
    block: elementCount(past.slice(axis)),
    fresh: elementCount(rows.slice(axis)),
  };
}

function shift(view: NodeView, past: Tensor, rows: Tensor): Tensor {
  const { blocks, block, fresh } = geometry(view);
  const data = past.data.slice();
  for (let i = 0; i < blocks; i += 1) {
    data.set(past.data.subarray(i * block + fresh, (i + 1) * block) as never, i * block);
    data.set(rows.data.subarray(i * fresh, (i + 1) * fresh) as never, (i + 1) * block - fresh);
  }
  return { ...past, data };
}
