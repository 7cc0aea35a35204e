import { defineOp, type NodeView } from './define.js';
import { integersOf, stridesOf } from './shared/shapes.js';
import { stridedCall, type Walk, walked } from './shared/strided.js';

export default defineOp({
  name: 'Tile',
  domain: '',
  opsets: [6, 13],
  summary: 'constant repeats',
  inputs: [{ name: 'input' }, { name: 'repeats', mustBeConstant: true }],
  outputs: ['output'],
  attributes: {},
  quantized: 'moves-data',
  infer(view) {
    const { dtype, shape } = view.required(0);
    const repeats = integersOf(view.required(1))!;
    if (repeats.length !== shape.length) view.bad(`there are ${repeats.length} repeats for ${shape.length} dimensions`);
    return [{ dtype, shape: shape.map((size, axis) => size * repeats[axis]!) }];
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

/** Each dimension is walked as [repeats, size], the repeats with a stride of 0. */
function walkOf(view: NodeView): Walk {
  const { shape } = view.required(0);
  const strides = stridesOf(shape);
  const output = view.output(0).shape;
  return {
    offset: 0,
    shape: shape.flatMap((size, axis) => [output[axis]! / size, size]),
    strides: shape.flatMap((_, axis) => [0, strides[axis]!]),
  };
}
