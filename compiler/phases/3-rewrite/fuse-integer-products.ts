/**
 * Mul(Cast(sums), a_scale * b_scale), as quantize_dynamic writes it behind MatMulInteger and ConvInteger, becomes MatMulIntegerToFloat or
 * ConvIntegerToFloat, and an Add of a constant for each channel its bias: the same operations in the same order.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import { addReshapeBack } from '../../ops/shared/rewrite.js';
import { isOp, soleProducer } from './chains.js';
import { asVector } from './fuse-bias.js';
import type { Pass } from './pass.js';

export const fuseIntegerProducts: Pass = {
  name: 'fuse-integer-products',
  run(editor) {
    for (const node of editor.nodes) if (isOp(node, 'Mul') && editor.has(node)) fuse(editor, node);
    for (const node of editor.nodes) if (isOp(node, 'Add') && editor.has(node)) fuseBias(editor, node);
  },
};

/** Operators, the one with floats behind each, and the dimension of its weights that has the channels. */
const FORMS = {
  MatMulInteger: { op: 'MatMulIntegerToFloat', domain: 'com.microsoft', channels: 1 },
  ConvInteger: { op: 'ConvIntegerToFloat', domain: 'ai.nanoc', channels: 0 },
} as const;

/** Input index of the bias. */
const BIAS = 6;

function fuse(editor: GraphEditor, node: Node): void {
  if (node.attributes.clamp !== undefined) return;
  for (const [sums, scale] of [node.inputs, [...node.inputs].reverse()] as [string, string][]) {
    const cast = soleProducer(editor, sums);
    const behind = isOp(cast, 'Cast') ? soleProducer(editor, cast.inputs[0]!) : undefined;
    // A convolution of one dimension has a height of 1.
    const product = isOp(behind, 'Reshape') ? soleProducer(editor, behind.inputs[0]!) : behind;
    const form = product?.domain === '' ? FORMS[product.op as keyof typeof FORMS] : undefined;
    const scales = soleProducer(editor, scale);
    if (product === undefined || form === undefined || !isOp(scales, 'Mul') || scales.attributes.clamp !== undefined)
      continue;
    const value = editor.value(sums);
    if (value.dtype !== 'float32' || editor.value(node.outputs[0]!).shape.join() !== value.shape.join()) continue;
    const weights = editor.value(product.inputs[1]!).shape;
    const fromEnd = form.channels === 1 ? 1 : value.shape.length - 1;
    const pair = scalePair(editor, scales, weights[form.channels]!, fromEnd);
    if (pair === undefined) continue;
    const shape = editor.value(product.outputs[0]!).shape;
    const output = behind === product ? node.outputs[0]! : addReshapeBack(editor, node.outputs[0]!, shape, '__2d');
    const [a, b, zero = '', zeros = ''] = product.inputs as [string, string, string?, string?];
    editor.replaceNode(node, {
      ...{ name: node.name, op: form.op, domain: form.domain, inputs: [a, b, ...pair, zero, zeros], outputs: [output] },
      attributes: product.attributes,
      origins: [product.name, cast!.name, scales.name, ...(node.origins ?? [node.name])],
    });
    return;
  }
}

/** The scale of a, one number, and the constant one of the weights: one number, or one for each channel as a vector. */
function scalePair(
  editor: GraphEditor,
  { inputs }: Node,
  channels: number,
  fromEnd: number,
): [string, string] | undefined {
  const [first, second] = inputs as [string, string];
  const [own, weights] = editor.value(second).constant === undefined ? [second, first] : [first, second];
  const { constant, shape } = editor.value(weights);
  if (constant === undefined || elementCount(editor.value(own).shape) !== 1) return undefined;
  if (elementCount(shape) === 1) return [own, weights];
  const vector = asVector(editor, weights, channels, fromEnd);
  return vector === undefined ? undefined : [own, vector];
}

function fuseBias(editor: GraphEditor, add: Node): void {
  if (add.attributes.clamp !== undefined) return;
  for (const [product, constant] of [add.inputs, [...add.inputs].reverse()] as [string, string][]) {
    const behind = soleProducer(editor, product);
    const node = isOp(behind, 'Reshape') ? soleProducer(editor, behind.inputs[0]!) : behind;
    const form = Object.values(FORMS).find(({ op, domain }) => node?.op === op && node.domain === domain);
    const { shape } = editor.value(product);
    if (node === undefined || form === undefined || node.inputs[BIAS]) continue;
    if (editor.value(constant).constant === undefined || editor.value(add.outputs[0]!).shape.join() !== shape.join())
      continue;
    const channels = editor.value(node.inputs[1]!).shape[form.channels]!;
    const bias = asVector(editor, constant, channels, form.channels === 1 ? 1 : shape.length - 1);
    if (bias === undefined) continue;
    const inner = editor.value(node.outputs[0]!).shape;
    const output = behind === node ? add.outputs[0]! : addReshapeBack(editor, add.outputs[0]!, inner, '__2d');
    editor.replaceNode(add, {
      ...node,
      name: add.name,
      inputs: [...node.inputs, bias],
      outputs: [output],
      origins: [...(node.origins ?? [node.name]), ...(add.origins ?? [add.name])],
    });
    return;
  }
}
