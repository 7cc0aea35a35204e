import type { GraphEditor } from '../ir/builders.js';
import { defineOp, type NodeView } from './define.js';
import matmul from './MatMul.js';
import { addDequantize, addQuantize } from './shared/rewrite.js';

/** QLinearMatMul-10/21: becomes DequantizeLinear, MatMul and QuantizeLinear, which lift-qdq joins again. */
export default defineOp({
  name: 'QLinearMatMul',
  domain: '',
  opsets: [10, 21],
  summary: 'becomes MatMul; b per tensor or per column',
  inputs: [
    { name: 'a' },
    { name: 'a_scale' },
    { name: 'a_zero_point' },
    { name: 'b' },
    { name: 'b_scale' },
    { name: 'b_zero_point' },
    { name: 'y_scale' },
    { name: 'y_zero_point' },
  ],
  outputs: ['y'],
  attributes: {},
  quantized: 'integer',
  infer(view) {
    for (const index of [1, 6]) {
      const scales = view.required(index).constant?.data.length ?? 1;
      if (scales !== 1)
        view.bad(`input ${index} has ${scales} scales`, {
          expected: 'one',
          because: 'scales per row are not supported',
        });
    }
    const inputs = [0, 3];
    const [inferred] = matmul.infer({ ...view, required: (index) => view.required(inputs[index]!) });
    return [{ dtype: view.required(7).dtype, shape: inferred!.shape }];
  },
  normalize: normalizeQLinearMatMul,
});

function normalizeQLinearMatMul(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const name = (index: number) => node.inputs[index] ?? '';
  const a = addDequantize(editor, name(0), name(1), name(2));
  const b = addDequantize(editor, name(3), name(4), name(5), view.required(3).shape.length - 1);
  const y = addQuantize(editor, node.outputs[0]!, name(6), name(7));
  editor.replaceNode(node, { name: node.name, op: 'MatMul', domain: '', inputs: [a, b], outputs: [y], attributes: {} });
}
