/** x / sqrt(mean(x * x) + epsilon) * scale, as exporters spell it, becomes RMSNormalization; a QuantizeLinear behind it goes into it. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { isOp, soleProducer } from './chains.js';
import type { Pass } from './pass.js';
import { soleQuantize } from './quantization.js';
import { overRoot, reducedBehind } from './roots.js';

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

/** x over the root of the mean of its squares, along the last axis. */
function rootMeanSquare(editor: GraphEditor, name: string): Normalized | undefined {
  const node = soleProducer(editor, name);
  const found = node === undefined ? undefined : overRoot(editor, node);
  if (found === undefined) return undefined;
  const { x, mean, epsilon, reciprocal, chain } = found;
  if (reducedBehind(editor, mean) !== editor.value(x).shape.length - 1) return undefined;
  const square = soleProducer(editor, mean.inputs[0]!);
  if (!isOp(square, 'Mul') || square.inputs.some((input) => input !== x) || square.attributes.clamp !== undefined)
    return undefined;
  return { x, epsilon, reciprocal, origins: [square, mean, ...chain].map((each) => each.name) };
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
