import { allocate, type Tensor } from '../ir/tensor.js';
import { withMve } from '../kernels/arm-mve/layers.js';
import { defineOp, type NodeView } from './define.js';
import { tableCall } from './shared/unary.js';

/** y = table[x], indexed by the byte of x: a float subgraph of one byte, computed by the compiler (collapse-elementwise). */
export default defineOp({
  name: 'Table',
  domain: 'ai.nanoc',
  opsets: [1],
  summary:
    'a function of one byte, from any chain of elementwise operators between DequantizeLinear and QuantizeLinear',
  inputs: [{ name: 'X' }],
  outputs: ['Y'],
  attributes: { table: { type: 'tensor', required: true } },
  quantized: 'float',
  infer: (view) => [{ dtype: tableOf(view).dtype, shape: view.required(0).shape }],
  evaluate: (view, [x]) => {
    const table = tableOf(view);
    const data = allocate(table.dtype, x!.data.length);
    (x!.data as Int8Array).forEach((q, i) => void (data[i] = table.data[q & 0xff]!));
    return [{ dtype: table.dtype, shape: x!.shape, data }];
  },
  kernels: withMve([
    {
      function: 'nanoc_table_s8',
      family: 'portable',
      build: (context) => ({ call: tableCall(context, tableOf(context).data as Int8Array) }),
    },
  ]),
});

function tableOf(view: NodeView): Tensor {
  return view.node.attributes.table as Tensor;
}
