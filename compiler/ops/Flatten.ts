import { elementCount } from '../ir/tensor.js';
import { defineOp } from './define.js';
import { renamed } from './Reshape.js';
import { replaceByReshape } from './shared/rewrite.js';

export default defineOp({
  name: 'Flatten',
  domain: '',
  opsets: [1, 9, 11, 13, 21, 23, 24],
  summary: 'becomes Reshape',
  inputs: [{ name: 'input' }],
  outputs: ['output'],
  attributes: { axis: { type: 'int', default: 1 } },
  quantized: 'moves-data',
  infer(view) {
    const { dtype, shape } = view.required(0);
    const given = view.int('axis');
    const axis = given < 0 ? given + shape.length : given;
    // Here, unlike elsewhere, axis may be the rank itself.
    if (axis < 0 || axis > shape.length)
      view.bad(`axis ${given} is out of range`, { expected: `from ${-shape.length} to ${shape.length}` });
    return [{ dtype, shape: [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis))] }];
  },
  normalize: (view, editor) => replaceByReshape(editor, view.node),
  evaluate: (view, [x]) => [renamed(view, x!)],
});
