/** x / sqrt(mean(x * x) + epsilon) * scale, as exporters spell it, becomes RMSNormalization; a QuantizeLinear behind it goes into it. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { isOp, soleProducer } from './chains.js';
import type { Pass } from './pass.js';
import { soleQuantize } from './quantization.js';

export const recogniseNormalization: Pass = {
  name: 'recognise-normalization',
  run(editor) {
    for (const node of editor.nodes) if (isOp(node, 'Mul') && editor.has(node)) recognise(editor, node);
    for (const node of editor.nodes)
      if (isOp(node, 'RMSNormalization') && editor.has(node)) quantizeOutput(editor, node);
  },
};

function recognise(editor: GraphEditor, node: Node): void {
  const [a, b] = node.inputs as [string, string];
  const [scale, normalized] = editor.value(a).constant === undefined ? [b, a] : [a, b];
  const { shape, dtype } = editor.value(node.outputs[0]!);
  const count = shape.at(-1);
  const constant = editor.value(scale);
  if (dtype !== 'float32' || constant.constant === undefined || node.attributes.clamp !== undefined) return;
  if (constant.shape.at(-1) !== count || constant.constant.data.length !== count) return;
  const found = rootMeanSquare(editor, normalized);
  if (found === undefined || editor.value(found.x).shape.join() !== shape.join()) return;
  const { x, epsilon, reciprocal, origins } = found;
  editor.replaceNode(node, {
    ...node,
    op: 'RMSNormalization',
    inputs: [x, scale],
    attributes: { axis: shape.length - 1, epsilon, reciprocal },
    origins: [...origins, ...(node.origins ?? [node.name])],
  });
}

interface Normalized {
  readonly x: string;
  readonly epsilon: number;
  readonly reciprocal: 0 | 1;
  readonly origins: readonly string[];
}

/** x * (1 / root) or x / root. */
function rootMeanSquare(editor: GraphEditor, name: string): Normalized | undefined {
  const node = soleProducer(editor, name);
  if (node === undefined || node.attributes.clamp !== undefined) return undefined;
  const [a, b] = node.inputs as [string, string];
  if (isOp(node, 'Div')) return meanSquare(editor, a, b, 0);
  if (!isOp(node, 'Mul')) return undefined;
  return inverted(editor, a, b) ?? inverted(editor, b, a);
}

function inverted(editor: GraphEditor, x: string, inverse: string): Normalized | undefined {
  const node = soleProducer(editor, inverse);
  if (node === undefined) return undefined;
  if (isOp(node, 'Reciprocal')) return meanSquare(editor, x, node.inputs[0]!, 1);
  if (!isOp(node, 'Div') || singleConstant(editor, node.inputs[0]!) !== 1) return undefined;
  return meanSquare(editor, x, node.inputs[1]!, 1);
}

function meanSquare(editor: GraphEditor, x: string, name: string, reciprocal: 0 | 1): Normalized | undefined {
  const root = soleProducer(editor, name);
  const sum = isOp(root, 'Sqrt') ? soleProducer(editor, root.inputs[0]!) : undefined;
  if (!isOp(sum, 'Add') || sum.attributes.clamp !== undefined) return undefined;
  const [a, b] = sum.inputs as [string, string];
  const [mean, epsilon] =
    singleConstant(editor, b) === undefined ? [b, singleConstant(editor, a)] : [a, singleConstant(editor, b)];
  const reduce = soleProducer(editor, mean);
  if (epsilon === undefined || !isOp(reduce, 'ReduceMean') || Number(reduce.attributes.keepdims) !== 1)
    return undefined;
  const rank = editor.value(x).shape.length;
  if ((reduce.attributes.axes as readonly number[]).join() !== String(rank - 1)) return undefined;
  const square = soleProducer(editor, reduce.inputs[0]!);
  if (!isOp(square, 'Mul') || square.inputs.some((input) => input !== x) || square.attributes.clamp !== undefined)
    return undefined;
  return { x, epsilon, reciprocal, origins: [square, reduce, sum, root!].map((node) => node.name) };
}

function singleConstant(editor: GraphEditor, name: string): number | undefined {
  const { constant, dtype } = editor.value(name);
  return constant?.data.length === 1 && dtype === 'float32' ? Number(constant.data[0]) : undefined;
}

function quantizeOutput(editor: GraphEditor, node: Node): void {
  const quantize = soleQuantize(editor, node);
  if (quantize === undefined || editor.value(quantize.outputs[0]!).dtype !== 'int8') return;
  editor.replaceNode(node, {
    ...node,
    outputs: quantize.outputs,
    origins: [...(node.origins ?? [node.name]), quantize.name],
  });
  editor.removeNode(quantize);
}
