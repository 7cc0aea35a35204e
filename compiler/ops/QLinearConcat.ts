import type { GraphEditor } from '../ir/builders.js';
import { elementCount } from '../ir/tensor.js';
import concat from './Concat.js';
import { defineOp, type NodeView } from './define.js';
import { addDequantize, addQuantize } from './shared/rewrite.js';

/** com.microsoft.QLinearConcat: y_scale, y_zero_point, then (tensor, scale, zero point) for each input. Becomes Concat. */
export default defineOp({
  name: 'QLinearConcat',
  domain: 'com.microsoft',
  opsets: [1],
  summary: 'becomes Concat; inputs of another scale are requantized first',
  inputs: [{ name: 'Y_scale' }, { name: 'Y_zero_point' }, { name: 'inputs', variadic: true }],
  outputs: ['Y'],
  attributes: concat.attributes,
  quantized: 'integer',
  infer(view) {
    const count = view.node.inputs.length - 2;
    if (count % 3 !== 0) view.bad(`has ${view.node.inputs.length} inputs`, { expected: '2, and 3 for each tensor' });
    for (let index = 3; index < view.node.inputs.length; index += 3) checkParameters(view, index);
    const node = { ...view.node, inputs: tensors(view).map((index) => view.node.inputs[index]!) };
    const required = (index: number) => view.required(2 + 3 * index);
    const [inferred] = concat.infer({ ...view, node, required });
    return [{ dtype: view.required(1).dtype, shape: inferred!.shape }];
  },
  normalize: normalizeQLinearConcat,
});

/** Indices of the inputs that are tensors. */
function tensors(view: NodeView): number[] {
  return Array.from({ length: (view.node.inputs.length - 2) / 3 }, (_, i) => 2 + 3 * i);
}

/** The check of phase 2 looks at named inputs only; these repeat. */
function checkParameters(view: NodeView, index: number): void {
  const scale = view.required(index);
  view.required(index + 1);
  const data = scale.constant?.data as Float32Array | undefined;
  if (
    data === undefined ||
    scale.dtype !== 'float32' ||
    elementCount(scale.shape) !== 1 ||
    !(data[0]! > 0) ||
    !Number.isFinite(data[0])
  ) {
    view.bad(`input ${index} is no scale`, { expected: 'one constant float32, finite and above 0' });
  }
}

function normalizeQLinearConcat(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const name = (index: number) => node.inputs[index]!;
  const inputs = tensors(view).map((index) => addDequantize(editor, name(index), name(index + 1), name(index + 2)));
  const y = addQuantize(editor, node.outputs[0]!, name(0), name(1));
  editor.replaceNode(node, { ...node, op: 'Concat', domain: '', inputs, outputs: [y] });
}
