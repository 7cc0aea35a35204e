import type { GraphEditor } from '../ir/builders.js';
import conv from './Conv.js';
import { defineOp, type NodeView } from './define.js';
import { addProductDequantize } from './shared/qoperator.js';
import { addDequantize, addQuantize, floatsOf } from './shared/rewrite.js';

/**
 * QLinearConv-10: y = saturate(round((bias + sum((x - x_zero_point) * (w - w_zero_point))) * x_scale * w_scale / y_scale) + y_zero_point).
 * The bias is int32 at x_scale * w_scale. Written out as DequantizeLinear, Conv and QuantizeLinear, which lift-qdq joins again.
 */
export default defineOp({
  name: 'QLinearConv',
  domain: '',
  opsets: [10],
  summary: 'becomes Conv; int8 and uint8, weights per tensor or per channel with any zero points',
  inputs: [
    { name: 'x' },
    { name: 'x_scale' },
    { name: 'x_zero_point' },
    { name: 'w' },
    { name: 'w_scale' },
    { name: 'w_zero_point' },
    { name: 'y_scale' },
    { name: 'y_zero_point' },
    { name: 'B', optional: true },
  ],
  outputs: ['y'],
  attributes: conv.attributes,
  quantized: 'integer',
  infer(view) {
    const [inferred] = conv.infer(asConv(view));
    return [{ dtype: view.required(7).dtype, shape: inferred!.shape }];
  },
  normalize: normalizeQLinearConv,
});

/** The node with the inputs of a Conv: x, w, bias. */
function asConv(view: NodeView): NodeView {
  const inputs = [0, 3, 8];
  return { ...view, input: (index) => view.input(inputs[index]!), required: (index) => view.required(inputs[index]!) };
}

function normalizeQLinearConv(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const name = (index: number) => node.inputs[index] ?? '';
  const x = addDequantize(editor, name(0), name(1), name(2));
  const w = addDequantize(editor, name(3), name(4), name(5), 0);
  const bias = name(8) === '' ? [] : [addProductDequantize(view, editor, 8, 1, floatsOf(view, 4))];
  const y = addQuantize(editor, node.outputs[0]!, name(6), name(7));
  editor.replaceNode(node, { ...node, op: 'Conv', domain: '', inputs: [x, w, ...bias], outputs: [y] });
}
