import { cmsisTranspose } from '../kernels/cmsis-nn/move.js';
import { defineOp, type NodeView } from './define.js';
import { stridesOf } from './shared/shapes.js';
import { stridedCall, type Walk, walked } from './shared/strided.js';

export default defineOp({
  name: 'Transpose',
  domain: '',
  opsets: [1, 13, 21, 23, 24],
  summary: 'any permutation; most disappear in the rewrite',
  inputs: [{ name: 'data' }],
  outputs: ['transposed'],
  attributes: { perm: { type: 'ints' } },
  quantized: 'moves-data',
  infer(view) {
    const { dtype, shape } = view.required(0);
    const perm = permutation(view);
    if ([...perm].sort((a, b) => a - b).join() !== shape.map((_, axis) => axis).join()) {
      view.bad(`perm [${perm}] is no permutation`, { expected: `each of 0 to ${shape.length - 1} once` });
    }
    return [{ dtype, shape: perm.map((axis) => shape[axis]!) }];
  },
  normalize(view, editor) {
    if (!view.has('perm')) editor.updateNode(view.node, { attributes: { perm: permutation(view) } });
  },
  evaluate: (view, [x]) => [walked(view, x!, walkOf(view))],
  kernels: [
    cmsisTranspose,
    {
      function: 'nanoc_strided_copy',
      family: 'portable',
      build: (context) => ({ call: stridedCall(context, walkOf(context)) }),
    },
  ],
});

/** By default the dimensions are reversed. */
function permutation(view: NodeView): readonly number[] {
  if (view.has('perm')) return view.ints('perm');
  return view
    .required(0)
    .shape.map((_, axis) => axis)
    .reverse();
}

function walkOf(view: NodeView): Walk {
  const strides = stridesOf(view.required(0).shape);
  return { offset: 0, shape: view.output(0).shape, strides: permutation(view).map((axis) => strides[axis]!) };
}
