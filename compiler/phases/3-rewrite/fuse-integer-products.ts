/**
 * Mul(Cast(MatMulInteger(a, B, zeros)), a_scale * b_scale), as quantize_dynamic writes it, becomes MatMulIntegerToFloat: the same operations in the
 * same order.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import { isOp, soleProducer } from './chains.js';
import type { Pass } from './pass.js';

export const fuseIntegerProducts: Pass = {
  name: 'fuse-integer-products',
  run(editor) {
    for (const node of editor.nodes) if (isOp(node, 'Mul') && editor.has(node)) fuse(editor, node);
  },
};

function fuse(editor: GraphEditor, node: Node): void {
  if (node.attributes.clamp !== undefined) return;
  for (const [sums, scale] of [node.inputs, [...node.inputs].reverse()] as [string, string][]) {
    const cast = soleProducer(editor, sums);
    const product = isOp(cast, 'Cast') ? soleProducer(editor, cast.inputs[0]!) : undefined;
    const scales = soleProducer(editor, scale);
    if (!isOp(product, 'MatMulInteger') || !isOp(scales, 'Mul') || scales.attributes.clamp !== undefined) continue;
    if (
      editor.value(sums).dtype !== 'float32' ||
      editor.value(node.outputs[0]!).shape.join() !== editor.value(sums).shape.join()
    )
      continue;
    const pair = scalePair(editor, scales, editor.value(product.inputs[1]!).shape[1]!);
    if (pair === undefined) continue;
    const [a, b, zero = '', zeros = ''] = product.inputs as [string, string, string?, string?];
    editor.replaceNode(node, {
      ...node,
      op: 'MatMulIntegerToFloat',
      domain: 'com.microsoft',
      inputs: [a, b, ...pair, zero, zeros],
      attributes: {},
      origins: [product.name, cast!.name, scales.name, ...(node.origins ?? [node.name])],
    });
    return;
  }
}

/** The scale of a, one number, and the constant one of B. */
function scalePair(editor: GraphEditor, { inputs }: Node, columns: number): [string, string] | undefined {
  const [first, second] = inputs as [string, string];
  const [own, weights] = editor.value(second).constant === undefined ? [second, first] : [first, second];
  const { constant, shape } = editor.value(weights);
  const perColumn =
    constant !== undefined &&
    [1, columns].includes(constant.data.length) &&
    (shape.at(-1) ?? 1) === constant.data.length;
  return perColumn && elementCount(editor.value(own).shape) === 1 ? [own, weights] : undefined;
}
