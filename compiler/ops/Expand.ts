import { defineOp, type NodeView } from './define.js';
import { broadcastShapes, broadcastStrides, integersOf } from './shared/shapes.js';
import { stridedCall, type Walk, walked } from './shared/strided.js';

export default defineOp({
  name: 'Expand',
  domain: '',
  opsets: [8, 13],
  summary: 'constant shape',
  inputs: [{ name: 'input' }, { name: 'shape', mustBeConstant: true }],
  outputs: ['output'],
  attributes: {},
  quantized: 'moves-data',
  infer(view) {
    const { dtype, shape } = view.required(0);
    return [{ dtype, shape: broadcastShapes(view, shape, integersOf(view.required(1))!) }];
  },
  evaluate: (view, [x]) => [walked(view, x!, walkOf(view))],
  kernels: [
    {
      function: 'nanoc_strided_copy',
      family: 'portable',
      build: (context) => ({ call: stridedCall(context, walkOf(context)) }),
    },
  ],
});

function walkOf(view: NodeView): Walk {
  const { shape } = view.output(0);
  return { offset: 0, shape, strides: broadcastStrides(view.required(0).shape, shape) };
}
