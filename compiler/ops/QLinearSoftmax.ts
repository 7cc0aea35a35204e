import type { GraphEditor } from '../ir/builders.js';
import { elementCount } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { quantizedType, unaryInputs } from './shared/qlinear-elementwise.js';
import { addReshape, addReshapeBack, expandQLinear } from './shared/rewrite.js';
import { axisOf } from './shared/shapes.js';

/** com.microsoft.QLinearSoftmax: becomes Softmax. The attribute `opset` says which Softmax: before 13 all dimensions from `axis` on are one. */
export default defineOp({
  name: 'QLinearSoftmax',
  domain: 'com.microsoft',
  opsets: [1],
  summary: 'becomes Softmax',
  inputs: unaryInputs,
  outputs: ['Y'],
  attributes: { axis: { type: 'int', default: -1 }, opset: { type: 'int', required: true } },
  quantized: 'integer',
  infer(view) {
    axis(view);
    return [{ dtype: quantizedType(view, 4), shape: view.required(0).shape }];
  },
  normalize: normalizeQLinearSoftmax,
});

function axis(view: NodeView): number {
  return axisOf(view, view.int('axis'), view.required(0).shape.length);
}

function normalizeQLinearSoftmax(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const { shape } = view.required(0);
  const first = axis(view);
  if (view.int('opset') >= 13 || first === shape.length - 1) {
    expandQLinear(view, editor, 'Softmax', [[0, 1, 2]], [3, 4], { axis: first, canonical: true });
    return;
  }
  const flat = [elementCount(shape.slice(0, first)), elementCount(shape.slice(first))];
  const [x, ...parameters] = node.inputs as [string, ...string[]];
  const inputs = [addReshape(editor, x, flat, '__flat'), ...parameters];
  const outputs = [addReshapeBack(editor, node.outputs[0]!, flat, '__flat')];
  editor.replaceNode(node, { ...node, inputs, outputs, attributes: { axis: 1, opset: 13 } });
}
