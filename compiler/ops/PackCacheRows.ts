import { elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { CACHE_FORMS, type CacheForm, packRow, rowBytes } from './shared/cache-rows.js';

/** Rows of floats along the last axis as `--kv-cache` keeps them; nanoc makes it (pack-caches). */
export default defineOp({
  name: 'PackCacheRows',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'rows of a key-value cache in float16, 8 or 4 bits (--kv-cache)',
  inputs: [{ name: 'x' }],
  outputs: ['y'],
  attributes: { form: { type: 'string', required: true } },
  quantized: 'float',
  infer(view) {
    const { shape } = view.required(0);
    return [{ dtype: 'uint8', shape: [...shape.slice(0, -1), rowBytes(formOf(view), shape.at(-1)!)] }];
  },
  evaluate: (view, [x]) => [packRows(view, x!)],
  kernels: [
    {
      function: 'nanoc_pack_cache_rows',
      family: 'portable',
      build(context) {
        const [x, y] = [context.required(0), context.output(0)];
        const elements = x.shape.at(-1)!;
        return {
          call: {
            node: context.node,
            family: 'portable',
            function: 'nanoc_pack_cache_rows',
            header: 'nanoc/cache_rows.h',
            sources: ['portable/nanoc_pack_cache_rows.c'],
            arguments: [
              { kind: 'value', value: x.name, access: 'read' },
              { kind: 'value', value: y.name, access: 'write' },
              { kind: 'int', value: elementCount(x.shape) / elements, comment: 'rows' },
              { kind: 'int', value: elements, comment: 'elements of a row' },
              { kind: 'int', value: CACHE_FORMS.indexOf(formOf(context)), comment: formOf(context) },
            ],
            overlaps: [],
            alignment: 4,
            macs: 0,
          },
        };
      },
    },
  ],
});

function formOf(view: NodeView): CacheForm {
  return view.string('form') as CacheForm;
}

function packRows(view: NodeView, x: Tensor): Tensor {
  const { dtype, shape } = view.output(0);
  const [from, to] = [x.shape.at(-1)!, shape.at(-1)!];
  const data = new Uint8Array(elementCount(shape));
  for (let row = 0; row < data.length / to; row += 1)
    data.set(packRow(formOf(view), (x.data as Float32Array).subarray(row * from, (row + 1) * from)), row * to);
  return { dtype, shape, data };
}
