/**
 * Attention of one token over a cache, as exporters spell it, becomes CachedAttention, which reads the cache up to the token's position:
 *
 *     scores  = MatMul(q, Transpose(Reshape(keys)))                 [heads, group, context], quantized or float
 *     logits  = Where(index <= position, scores / c, mask)
 *     y       = MatMul(Softmax(logits), Transpose(Reshape(values)))
 *
 * Masked positions have no weight: exp(mask - largest) is 0 in float32. That is proven for quantized scores, whose range is known; of
 * a float mask at -10,000 or below it is assumed (docs/NUMERICS.md, "Attention").
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import { expF32 } from '../../numerics/float-math.js';
import { isOp, soleProducer } from './chains.js';
import type { Pass } from './pass.js';
import { positionAgainstIndices } from './positions.js';
import { isDequantize, isQuantize } from './quantization.js';

const f = Math.fround;
const FLOAT_MASK = -10000;

export const recogniseAttention: Pass = {
  name: 'recognise-attention',
  run(editor) {
    for (const node of editor.nodes) if (editor.has(node) && isMatMul(node)) recognise(editor, node);
  },
};

function recognise(editor: GraphEditor, product: Node): void {
  const values = cacheBehind(editor, product.inputs[1]!, [1, 0, 2]);
  const weights = above(editor, product.inputs[0]!, isQuantize);
  const softmax = soleProducer(editor, weights?.inputs[0] ?? product.inputs[0]!);
  if (values === undefined || !isOp(softmax, 'Softmax') || !isLastAxis(editor, softmax)) return;
  const masked = maskedLogits(editor, softmax.inputs[0]!, values.context);
  if (masked === undefined) return;
  const scaled = scaledScores(editor, masked.logits);
  const dequantize = soleProducer(editor, scaled.scores);
  const quantized = isDequantize(dequantize);
  if (quantized !== (weights !== undefined)) return;
  const scores = soleProducer(editor, quantized ? dequantize.inputs[0]! : scaled.scores);
  if (scores === undefined || !isMatMul(scores) || scores.inputs[2]) return;
  const keys = cacheBehind(editor, scores.inputs[1]!, [1, 2, 0]);
  const [q, y] = [editor.value(scores.inputs[0]!), editor.value(product.outputs[0]!)];
  if (keys === undefined || keys.shape.join() !== values.shape.join() || product.inputs[2]) return;
  const [, heads, dim] = keys.shape as [number, number, number];
  if (q.shape.length !== 3 || q.shape[0] !== heads || q.shape[2] !== dim || y.shape.join() !== q.shape.join()) return;
  const attributes = quantized
    ? quantizedAttributes(editor, scores.outputs[0]!, weights!.outputs[0]!, scaled, masked.mask)
    : masked.mask <= FLOAT_MASK
      ? { multiplier: scaled.multiplier, divisor: scaled.divisor }
      : undefined;
  if (attributes === undefined) return;
  const chain = [scores, softmax, product];
  editor.replaceNode(product, {
    ...product,
    op: 'CachedAttention',
    domain: 'ai.nanoc',
    inputs: [q.name, keys.name, values.name, masked.position],
    attributes,
    origins: chain.flatMap((node) => node.origins ?? [node.name]),
  });
}

function isMatMul(node: Node): boolean {
  return isOp(node, 'MatMul') && node.attributes.clamp === undefined;
}

function isLastAxis(editor: GraphEditor, node: Node): boolean {
  return Number(node.attributes.axis) === editor.value(node.outputs[0]!).shape.length - 1;
}

function above<T extends Node>(editor: GraphEditor, name: string, is: (node: Node | undefined) => node is T) {
  const node = soleProducer(editor, name);
  return is(node) ? node : undefined;
}

/** A tensor [context, heads * dim] that is read as Transpose(Reshape(it, [context, heads, dim]), perm). */
function cacheBehind(editor: GraphEditor, name: string, perm: readonly number[]) {
  const transpose = editor.producer(name);
  if (!isOp(transpose, 'Transpose') || (transpose.attributes.perm as readonly number[]).join() !== perm.join())
    return undefined;
  const { shape } = editor.value(transpose.inputs[0]!);
  const reshape = editor.producer(transpose.inputs[0]!);
  if (!isOp(reshape, 'Reshape') || shape.length !== 3) return undefined;
  const cache = editor.value(reshape.inputs[0]!);
  const [context, heads, dim] = shape as [number, number, number];
  return cache.shape.join() === `${context},${heads * dim}` ? { name: cache.name, shape, context } : undefined;
}

interface Masked {
  readonly logits: string;
  readonly mask: number;
  readonly position: string;
}

/** Where(index <= position, logits, mask), or Where(not (index <= position), mask, logits). */
function maskedLogits(editor: GraphEditor, name: string, context: number): Masked | undefined {
  const where = soleProducer(editor, name);
  if (!isOp(where, 'Where')) return undefined;
  const [condition, yes, no] = where.inputs as [string, string, string];
  const inverted = producerThroughReshape(editor, condition);
  const allows = isOp(inverted, 'Not') ? inverted.inputs[0]! : condition;
  const [logits, mask] = isOp(inverted, 'Not') ? [no, yes] : [yes, no];
  const constant = editor.value(mask).constant;
  const conditionShape = editor.value(condition).shape;
  if (constant?.data.length !== 1 || conditionShape.at(-1) !== context || elementCount(conditionShape) !== context)
    return undefined;
  if (editor.value(logits).shape.join() !== editor.value(name).shape.join()) return undefined;
  const position = positionAgainstIndices(editor, allows, ['LessOrEqual'], context);
  return position === undefined ? undefined : { logits, mask: Number(constant.data[0]), position: position.name };
}

function producerThroughReshape(editor: GraphEditor, name: string): Node | undefined {
  let node = editor.producer(name);
  while (isOp(node, 'Reshape')) node = editor.producer(node.inputs[0]!);
  return node;
}

interface Scaled {
  readonly scores: string;
  readonly multiplier: number;
  readonly divisor: number;
}

/** scores * multiplier or scores / divisor, by a constant. */
function scaledScores(editor: GraphEditor, name: string): Scaled {
  const plain = { scores: name, multiplier: 1, divisor: 1 };
  const node = soleProducer(editor, name);
  if (!isOp(node, 'Div') && !isOp(node, 'Mul')) return plain;
  const constant = editor.value(node.inputs[1]!).constant;
  if (constant?.data.length !== 1 || node.attributes.clamp !== undefined) return plain;
  const factor = Number(constant.data[0]);
  if (!(factor > 0)) return plain;
  const scores = node.inputs[0]!;
  return node.op === 'Div' ? { scores, multiplier: 1, divisor: factor } : { scores, multiplier: factor, divisor: 1 };
}

/** Undefined where a masked position could have a weight. */
function quantizedAttributes(editor: GraphEditor, scores: string, weights: string, scaled: Scaled, mask: number) {
  const [score, weight] = [scores, weights].map((name) => editor.value(name));
  if (score!.dtype !== 'int8' || weight!.dtype !== 'int8') return undefined;
  const [scale, zero] = [score!.quantization!.scale[0]!, score!.quantization!.zeroPoint[0]!];
  const logitScale = f(f(scale * f(scaled.multiplier)) / f(scaled.divisor));
  const lowest = f((-128 - zero) * logitScale);
  if (expF32(f(mask - lowest)) !== 0) return undefined;
  return {
    score_scale: scale,
    score_zero_point: zero,
    logit_scale: logitScale,
    weight_scale: weight!.quantization!.scale[0]!,
    weight_zero_point: weight!.quantization!.zeroPoint[0]!,
  };
}
