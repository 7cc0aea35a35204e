import { elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { replaceByReshape } from './shared/rewrite.js';
import { integersOf } from './shared/shapes.js';
import { windowKernel } from './shared/views.js';

export default defineOp({
  name: 'Reshape',
  domain: '',
  opsets: [1, 5, 13, 14, 19, 21, 23, 24],
  summary: 'constant shape, with 0 and -1; needs no code',
  inputs: [{ name: 'data' }, { name: 'shape', optional: true, mustBeConstant: true }],
  outputs: ['reshaped'],
  attributes: { allowzero: { type: 'int', default: 0 }, shape: { type: 'ints' } },
  quantized: 'moves-data',
  infer: (view) => [{ dtype: view.required(0).dtype, shape: targetShape(view) }],
  normalize(view, editor) {
    if (view.node.inputs.length > 1 || view.has('shape')) replaceByReshape(editor, view.node);
  },
  evaluate: (view, [x]) => [renamed(view, x!)],
  kernels: [windowKernel(() => 0)],
});

/** The same data in the output's shape. */
export function renamed(view: NodeView, x: Tensor): Tensor {
  return { dtype: x.dtype, shape: view.output(0).shape, data: x.data };
}

/** 0 copies the input's dimension (unless allowzero), one -1 takes what is left. */
function targetShape(view: NodeView): number[] {
  const { shape } = view.required(0);
  const given = integersOf(view.input(1)) ?? (view.has('shape') ? [...view.ints('shape')] : undefined);
  if (given === undefined) return view.bad('input 1 "shape" is missing');
  if (given.filter((n) => n === -1).length > 1) view.bad(`the shape [${given}] has more than one -1`);
  const target = given.map((n, axis) => {
    if (n < -1) view.bad(`the shape [${given}] has a negative dimension`);
    if (n !== 0 || view.int('allowzero') === 1) return n;
    return (
      shape[axis] ?? view.bad(`the shape [${given}] copies dimension ${axis}, which the input [${shape}] does not have`)
    );
  });
  const count = elementCount(shape);
  const known = elementCount(target.filter((n) => n !== -1));
  const result = target.map((n) => (n === -1 ? count / known : n));
  if (elementCount(result) !== count || !result.every(Number.isInteger)) {
    view.bad(`[${shape}] cannot become [${given}]`, { expected: `${count} elements` });
  }
  return result;
}
