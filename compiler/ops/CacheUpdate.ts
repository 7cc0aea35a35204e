import type { KernelCall } from '../ir/kernel-call.js';
import { bytesPerElement, elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type LowerContext } from './define.js';

/** present = past with the row at `position` replaced; a position outside of it replaces none. nanoc makes it (update-caches). */
export default defineOp({
  name: 'CacheUpdate',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'one row of a tensor is replaced, in place where it is a state',
  inputs: [{ name: 'past' }, { name: 'row' }, { name: 'position' }],
  outputs: ['present'],
  attributes: {},
  quantized: 'float',
  infer: (view) => [{ dtype: view.required(0).dtype, shape: view.required(0).shape }],
  evaluate: (_view, [past, row, position]) => [updateRow(past!, row!, Number(position!.data[0]))],
  kernels: [
    { function: 'nanoc_cache_update', family: 'portable', build: (context) => ({ call: updateCall(context) }) },
  ],
});

function updateRow(past: Tensor, row: Tensor, position: number): Tensor {
  const data = past.data.slice();
  if (position >= 0 && position < past.shape[0]!) data.set(row.data as never, position * row.data.length);
  return { ...past, data };
}

function updateCall(context: LowerContext): KernelCall {
  const [past, row, position] = [0, 1, 2].map((index) => context.required(index)) as [
    ReturnType<LowerContext['required']>,
    ReturnType<LowerContext['required']>,
    ReturnType<LowerContext['required']>,
  ];
  const present = context.output(0);
  const read = (value: string) => ({ kind: 'value', value, access: 'read' }) as const;
  return {
    node: context.node,
    family: 'portable',
    function: 'nanoc_cache_update',
    header: 'nanoc/cache.h',
    sources: ['portable/nanoc_cache_update.c'],
    arguments: [
      read(past.name),
      read(row.name),
      read(position.name),
      { kind: 'value', value: present.name, access: 'write' },
      { kind: 'int', value: past.shape[0]!, comment: 'rows' },
      {
        kind: 'int',
        value: elementCount(past.shape.slice(1)) * bytesPerElement(past.dtype),
        comment: 'bytes of a row',
      },
      { kind: 'int', value: bytesPerElement(position.dtype), comment: 'bytes of the position' },
    ],
    overlaps: [{ input: past.name, output: present.name, lead: 0 }],
    macs: 0,
    alignment: bytesPerElement(position.dtype),
  };
}
