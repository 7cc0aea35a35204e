/** Min and Max: any number of inputs in ONNX, two in the canonical form. */
import type { GraphEditor } from '../../ir/builders.js';
import { allocate, elementCount, type Tensor } from '../../ir/tensor.js';
import { defineOp, type NodeView, type OperatorDefinition } from '../define.js';
import { floatBinaryCall, isFloat, requireKernelType } from './elementwise.js';
import { replaceByReshape } from './rewrite.js';
import { broadcastShapes, broadcastStrides, forEachOffset } from './shapes.js';

/** @param wins true when the first number is the result; NaN must win */
export function defineExtremum(
  name: 'Min' | 'Max',
  kernel: string,
  wins: (a: number | bigint, b: number | bigint) => boolean,
): OperatorDefinition {
  return defineOp({
    name,
    domain: '',
    opsets: [8, 12, 13],
    summary: 'any number of inputs, ONNX broadcasting, float32; of bytes and a single constant: a table of 256 bytes',
    inputs: [{ name: 'data_0', variadic: true }],
    outputs: [name.toLowerCase()],
    attributes: {},
    quantized: 'float',
    infer: (view) => [inferExtremum(view)],
    normalize: toPairs,
    evaluate: (view, inputs) => [evaluateExtremum(view, inputs as Tensor[], wins)],
    kernels: [
      {
        function: kernel,
        family: 'portable',
        when: isFloat,
        build: (context) => ({ call: floatBinaryCall(context, kernel) }),
      },
    ],
  });
}

function inferExtremum(view: NodeView) {
  const values = view.node.inputs.map((_, index) => view.required(index));
  const { dtype } = view.required(0);
  for (const value of values) {
    if (value.dtype !== dtype) view.bad(`the inputs are ${dtype} and ${value.dtype}`, { expected: 'one type' });
    requireKernelType(view, value, values);
  }
  const shape = values.reduce<readonly number[]>((joint, value) => broadcastShapes(view, joint, value.shape), []);
  return { dtype, shape };
}

function evaluateExtremum(view: NodeView, inputs: readonly Tensor[], wins: (a: number, b: number) => boolean): Tensor {
  const y = view.output(0);
  const data = allocate(y.dtype, elementCount(y.shape)) as Float32Array;
  inputs.forEach((input, index) => {
    const numbers = input.data as Float32Array;
    forEachOffset(y.shape, [broadcastStrides(input.shape, y.shape)], (position, [offset]) => {
      const [best, next] = [data[position]!, numbers[offset!]!];
      if (index === 0 || !wins(best, next)) data[position] = next;
    });
  });
  return { dtype: y.dtype, shape: y.shape, data };
}

/** Min(a, b, c) becomes Min(Min(a, b), c); Min(a) is a. */
function toPairs(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  if (node.inputs.length === 2) return;
  if (node.inputs.length === 1) {
    replaceByReshape(editor, node);
    return;
  }
  const [first, second, ...rest] = node.inputs as [string, string, ...string[]];
  const shape = broadcastShapes(view, view.required(0).shape, view.required(1).shape);
  const pair = editor.addValue({ name: `${node.outputs[0]}__pair`, dtype: view.required(0).dtype, shape });
  editor.replaceNode(
    node,
    { ...node, name: editor.freshName(`${node.name}_pair`), inputs: [first, second], outputs: [pair] },
    { ...node, inputs: [pair, ...rest] },
  );
}
