import type { GraphEditor } from '../ir/builders.js';
import { defineOp, type NodeView } from './define.js';
import gemm from './Gemm.js';
import { addProductDequantize } from './shared/qoperator.js';
import { addDequantize, addQuantize, floatsOf } from './shared/rewrite.js';

/**
 * com.microsoft.QGemm: y = (A * B + C) * alpha * a_scale * b_scale, quantized where y_scale is given. C is int32 at the scale
 * of the products. Becomes DequantizeLinear, Gemm and QuantizeLinear; alpha goes into the scales of B.
 */
export default defineOp({
  name: 'QGemm',
  domain: 'com.microsoft',
  opsets: [1],
  summary: 'becomes MatMul; B per tensor or per column, int32 bias',
  inputs: [
    { name: 'A' },
    { name: 'a_scale' },
    { name: 'a_zero_point' },
    { name: 'B' },
    { name: 'b_scale' },
    { name: 'b_zero_point' },
    { name: 'C', optional: true },
    { name: 'y_scale', optional: true },
    { name: 'y_zero_point', optional: true },
  ],
  outputs: ['Y'],
  attributes: {
    alpha: {
      type: 'float',
      default: 1,
      check: (alpha) => (Number(alpha) > 0 ? undefined : `must be above 0, and is ${alpha}`),
    },
    transA: gemm.attributes.transA!,
    transB: gemm.attributes.transB!,
  },
  quantized: 'integer',
  infer(view) {
    const inputs = [0, 3];
    const [inferred] = gemm.infer({ ...view, required: (index) => view.required(inputs[index]!) });
    const dtype = view.input(7) === undefined ? 'float32' : (view.input(8)?.dtype ?? 'uint8');
    return [{ dtype, shape: inferred!.shape }];
  },
  normalize: normalizeQGemm,
});

function normalizeQGemm(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const name = (index: number) => node.inputs[index] ?? '';
  const alpha = Math.fround(view.float('alpha'));
  const scales = Float32Array.from(floatsOf(view, 4), (scale) => Math.fround(scale * alpha));
  const shape = scales.length === 1 ? [] : [scales.length];
  const bScale =
    alpha === 1 ? name(4) : editor.addConstant(`${name(4)}_alpha`, { dtype: 'float32', shape, data: scales });
  const a = addDequantize(editor, name(0), name(1), name(2));
  const channelAxis = view.int('transB') === 1 ? 0 : 1;
  const b = addDequantize(editor, name(3), bScale, name(5), scales.length === 1 ? undefined : channelAxis);
  const c = name(6) === '' ? [] : [addProductDequantize(view, editor, 6, 1, scales, view.required(6).shape.length - 1)];
  const output = node.outputs[0]!;
  const y = name(7) === '' ? output : addQuantize(editor, output, name(7), name(8));
  const attributes = { transA: view.int('transA'), transB: view.int('transB') };
  editor.replaceNode(node, { name: node.name, op: 'Gemm', domain: '', inputs: [a, b, ...c], outputs: [y], attributes });
}
