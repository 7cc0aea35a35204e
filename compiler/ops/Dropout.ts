import { elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { renamed } from './Reshape.js';
import { replaceByReshape } from './shared/rewrite.js';

export default defineOp({
  name: 'Dropout',
  domain: '',
  opsets: [1, 6, 7, 10, 12, 13, 22],
  summary: 'inference only: becomes Reshape, and mostly nothing',
  inputs: [
    { name: 'data' },
    { name: 'ratio', optional: true },
    { name: 'training_mode', optional: true, mustBeConstant: true },
  ],
  outputs: ['output', 'mask'],
  attributes: {
    ratio: { type: 'float', default: 0.5 },
    seed: { type: 'int' },
    is_test: { type: 'int', default: 0 },
  },
  quantized: 'moves-data',
  infer(view) {
    const { dtype, shape } = view.required(0);
    if (Number(view.input(2)?.constant?.data[0] ?? 0) !== 0) {
      view.bad('training_mode is true', { help: 'export the model for inference' });
    }
    return [
      { dtype, shape },
      { dtype: 'bool', shape },
    ];
  },
  normalize(view, editor) {
    const mask = view.node.outputs[1] ?? '';
    // At inference nothing is dropped.
    if (mask !== '') editor.setValue({ ...view.output(1), constant: maskOf(view) });
    replaceByReshape(editor, view.node);
  },
  evaluate: (view, [x]) => [renamed(view, x!), ...(view.node.outputs[1] ? [maskOf(view)] : [])],
});

function maskOf(view: NodeView): Tensor {
  const { shape } = view.output(1);
  return { dtype: 'bool', shape, data: new Uint8Array(elementCount(shape)).fill(1) };
}
