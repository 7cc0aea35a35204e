/** What the QLinear operators share: their biases, and layouts with the channels last. */
import type { GraphEditor } from '../../ir/builders.js';
import type { AttributeValue, Node } from '../../ir/graph.js';
import type { NodeView } from '../define.js';
import { addDequantize, addQuantize, floatsOf } from './rewrite.js';

/**
 * Dequantizes the int32 input `bias` at the scale of the products, x_scale * w_scale in float32, which the operator implies.
 * Returns the float value's name.
 * @param xScale index of the input that holds x_scale
 * @param weightScales one for each index of `axis` of the bias, or a single one
 */
export function addProductDequantize(
  view: NodeView,
  editor: GraphEditor,
  bias: number,
  xScale: number,
  weightScales: ArrayLike<number>,
  axis = 0,
): string {
  const name = view.node.inputs[bias]!;
  const [sx] = floatsOf(view, xScale);
  const products = Float32Array.from(weightScales, (sw) => Math.fround(sx! * sw));
  const shape = products.length === 1 ? [] : [products.length];
  const scale = editor.addConstant(`${name}_scale`, { dtype: 'float32', shape, data: products });
  return addDequantize(editor, name, scale, '', products.length === 1 ? undefined : axis);
}

const TO_NCHW = [0, 3, 1, 2];
const TO_NHWC = [0, 2, 3, 1];

/**
 * Replaces a QLinear pool (inputs x, x_scale, x_zero_point, y_scale, y_zero_point) by DQ -> `op` -> Q; with `channels_last`
 * the float operator stands between two Transposes.
 */
export function expandPool(
  view: NodeView,
  editor: GraphEditor,
  op: string,
  attributes: Readonly<Record<string, AttributeValue>>,
): void {
  const { node } = view;
  const name = (index: number) => node.inputs[index] ?? '';
  const x = addDequantize(editor, name(0), name(1), name(2));
  const y = addQuantize(editor, node.outputs[0]!, name(3), name(4));
  const operator: Node = { name: node.name, op, domain: '', inputs: [x], outputs: [y], attributes };
  if (view.int('channels_last') === 0) {
    editor.replaceNode(node, operator);
    return;
  }
  const channelsFirst = (shape: readonly number[]) => TO_NCHW.map((axis) => shape[axis]!);
  const input = editor.addValue({ name: `${x}_nchw`, dtype: 'float32', shape: channelsFirst(editor.value(x).shape) });
  const output = editor.addValue({ name: `${y}_nchw`, dtype: 'float32', shape: channelsFirst(editor.value(y).shape) });
  editor.replaceNode(
    node,
    transpose(editor, x, input, TO_NCHW),
    { ...operator, inputs: [input], outputs: [output] },
    transpose(editor, output, y, TO_NHWC),
  );
}

function transpose(editor: GraphEditor, from: string, to: string, perm: readonly number[]): Node {
  const name = editor.freshName(`${to}_transpose`);
  return { name, op: 'Transpose', domain: '', inputs: [from], outputs: [to], attributes: { perm } };
}
