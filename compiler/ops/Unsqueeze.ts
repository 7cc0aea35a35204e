import { defineOp } from './define.js';
import { renamed } from './Reshape.js';
import { replaceByReshape } from './shared/rewrite.js';
import { axisOf, integersOf } from './shared/shapes.js';

export default defineOp({
  name: 'Unsqueeze',
  domain: '',
  opsets: [1, 11, 13, 21, 23, 24],
  summary: 'constant axes; becomes Reshape',
  inputs: [{ name: 'data' }, { name: 'axes', optional: true, mustBeConstant: true }],
  outputs: ['expanded'],
  attributes: { axes: { type: 'ints' } },
  quantized: 'moves-data',
  infer(view) {
    const { dtype, shape } = view.required(0);
    const given = integersOf(view.input(1)) ?? (view.has('axes') ? [...view.ints('axes')] : undefined);
    if (given === undefined) return view.bad('the axes are missing');
    const rank = shape.length + given.length;
    const axes = given.map((axis) => axisOf(view, axis, rank));
    if (new Set(axes).size !== axes.length) view.bad(`the axes [${given}] repeat`);
    const left = [...shape];
    return [{ dtype, shape: Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : left.shift()!)) }];
  },
  normalize: (view, editor) => replaceByReshape(editor, view.node),
  evaluate: (view, [x]) => [renamed(view, x!)],
});
