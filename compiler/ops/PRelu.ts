import type { GraphEditor } from '../ir/builders.js';
import { elementCount } from '../ir/tensor.js';
import { dequantize } from '../numerics/requantize.js';
import { defineOp, type NodeView } from './define.js';
import { type BinaryRule, evaluateBinary, floatBinaryCall, inferBinary, isFloat } from './shared/elementwise.js';

const rule: BinaryRule = { float: (x, slope) => (x < 0 ? Math.fround(x * slope) : x) };

/** x, or slope * x where x is negative. A single constant slope makes it a LeakyRelu. */
export default defineOp({
  name: 'PRelu',
  domain: '',
  opsets: [7, 9, 16],
  summary: 'a single constant slope: as LeakyRelu, quantized or float32; other slopes: float32',
  inputs: [{ name: 'X' }, { name: 'slope' }],
  outputs: ['Y'],
  attributes: {},
  quantized: 'float',
  infer(view) {
    const [inferred, { shape }] = [inferBinary(view), view.required(0)];
    if (inferred.shape.join() !== shape.join()) {
      view.bad(`the slope [${view.required(1).shape}] does not broadcast to [${shape}]`, {
        expected: 'at most the shape of X',
      });
    }
    return [inferred];
  },
  normalize: normalizePRelu,
  evaluate: (view, [x, slope]) => [evaluateBinary(view, x!, slope!, rule)],
  kernels: [
    {
      function: 'nanoc_prelu_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({ call: floatBinaryCall(context, 'nanoc_prelu_f32') }),
    },
  ],
});

function normalizePRelu(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const slope = singleNumber(editor, view.required(1).name);
  if (slope === undefined || view.required(0).dtype !== 'float32') return;
  editor.replaceNode(node, { ...node, op: 'LeakyRelu', inputs: [node.inputs[0]!], attributes: { alpha: slope } });
}

/** The number in a constant, or dequantized constant, of one element. */
function singleNumber(editor: GraphEditor, name: string): number | undefined {
  const value = editor.value(name);
  if (elementCount(value.shape) !== 1) return undefined;
  if (value.constant !== undefined) return Number(value.constant.data[0]);
  const node = editor.producer(name);
  if (node?.op !== 'DequantizeLinear' || node.inputs.length < 2) return undefined;
  const [q, scale, zero] = node.inputs.map((input) => (input === '' ? 0 : editor.value(input).constant?.data[0]));
  if (q === undefined || scale === undefined) return undefined;
  return dequantize(Number(q), Number(scale), Number(zero ?? 0));
}
