import { defineOp } from './define.js';
import { renamed } from './Reshape.js';
import { replaceByReshape } from './shared/rewrite.js';
import { axesOf } from './shared/shapes.js';

export default defineOp({
  name: 'Squeeze',
  domain: '',
  opsets: [1, 11, 13, 21, 23, 24],
  summary: 'constant axes; becomes Reshape',
  inputs: [{ name: 'data' }, { name: 'axes', optional: true, mustBeConstant: true }],
  outputs: ['squeezed'],
  attributes: { axes: { type: 'ints' } },
  quantized: 'moves-data',
  infer(view) {
    const { dtype, shape } = view.required(0);
    const axes = axesOf(view, 1, shape.length) ?? shape.flatMap((size, axis) => (size === 1 ? [axis] : []));
    for (const axis of axes)
      if (shape[axis] !== 1) view.bad(`dimension ${axis} of [${shape}] is ${shape[axis]}`, { expected: '1' });
    return [{ dtype, shape: shape.filter((_, axis) => !axes.includes(axis)) }];
  },
  normalize: (view, editor) => replaceByReshape(editor, view.node),
  evaluate: (view, [x]) => [renamed(view, x!)],
});
