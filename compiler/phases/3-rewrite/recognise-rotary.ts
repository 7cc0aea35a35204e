/**
 * Rotary position embedding of interleaved pairs, as exporters spell it, becomes RotaryEmbedding:
 *
 *     a = x[..., 0], b = x[..., 1]  (Gather)     y = Concat(a * cos - b * sin, a * sin + b * cos)
 *
 * with its DequantizeLinear and QuantizeLinear where both are there.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import { isOp, soleProducer } from './chains.js';
import type { Pass } from './pass.js';
import { isDequantize, soleQuantize } from './quantization.js';

export const recogniseRotary: Pass = {
  name: 'recognise-rotary',
  run(editor) {
    for (const node of editor.nodes) if (isOp(node, 'Concat') && editor.has(node)) recognise(editor, node);
  },
};

function recognise(editor: GraphEditor, concat: Node): void {
  const { shape } = editor.value(concat.outputs[0]!);
  const rank = shape.length;
  if (concat.inputs.length !== 2 || shape.at(-1) !== 2 || (Number(concat.attributes.axis) + rank) % rank !== rank - 1)
    return;
  const parts = concat.inputs.map((name) => soleProducer(editor, name));
  if (!parts.every((node) => isOp(node, 'Reshape'))) return;
  const [difference, sum] = parts.map((node) => soleProducer(editor, node!.inputs[0]!));
  if (!isOp(difference, 'Sub') || !isOp(sum, 'Add') || [difference, sum].some((n) => n.attributes.clamp !== undefined))
    return;
  const [ac, bs] = products(editor, difference);
  const [first, second] = products(editor, sum);
  if (ac === undefined || bs === undefined || first === undefined || second === undefined) return;
  // The products look the same with the roles of angles and pairs exchanged: the pairs tell.
  for (const { a, b, cos, sin } of [...factors(ac, bs, first, second), ...factors(ac, bs, second, first)]) {
    const x = pairBehind(editor, a, b, shape);
    if (x === undefined || ![cos, sin].every((name) => isAnglePerPair(editor, name, shape))) continue;
    replace(editor, concat, x, [cos, sin]);
    return;
  }
}

function isAnglePerPair(editor: GraphEditor, name: string, shape: readonly number[]): boolean {
  const value = editor.value(name);
  const pairs = shape.at(-2)!;
  return value.dtype === 'float32' && elementCount(value.shape) === pairs && value.shape.at(-1) === pairs;
}

type Product = readonly [string, string];

/** The two products that a sum or difference is made of. */
function products(editor: GraphEditor, node: Node): readonly (Product | undefined)[] {
  return node.inputs.map((name) => {
    const product = soleProducer(editor, name);
    const plain = isOp(product, 'Mul') && product.attributes.clamp === undefined;
    return plain ? (product.inputs as unknown as Product) : undefined;
  });
}

/** a, b, cos and sin of a * cos - b * sin and a * sin + b * cos, whichever way round each product is written. */
function factors(ac: Product, bs: Product, as: Product, bc: Product) {
  return [ac, turned(ac)].flatMap(([a, cos]) =>
    [bs, turned(bs)]
      .filter(([b, sin]) => same(as, [a, sin]) && same(bc, [b, cos]))
      .map(([b, sin]) => ({ a, b, cos, sin })),
  );
}

function turned([a, b]: Product): Product {
  return [b, a];
}

function same([a, b]: Product, [c, d]: Product): boolean {
  return (a === c && b === d) || (a === d && b === c);
}

interface Pairs {
  /** The tensor [..., pairs, 2]. */
  readonly name: string;
  readonly isQuantized: boolean;
}

/** The tensor whose elements 0 and 1 along the last dimension a and b are. */
function pairBehind(editor: GraphEditor, a: string, b: string, shape: readonly number[]): Pairs | undefined {
  const nodes = [a, b].map((name) => editor.producer(name));
  const isQuantized = nodes.every(isDequantize);
  const gathers = isQuantized ? nodes.map((node) => editor.producer(node!.inputs[0]!)) : nodes;
  const [first, second] = gathers;
  if (!isOp(first, 'Gather') || !isOp(second, 'Gather') || first.inputs[0] !== second.inputs[0]) return undefined;
  const source = editor.value(first.inputs[0]!);
  const picks = [first, second].map((node) => {
    const last = (Number(node.attributes.axis ?? 0) + shape.length) % shape.length === shape.length - 1;
    const index = editor.value(node.inputs[1]!);
    return last && index.shape.length === 0 ? Number(index.constant?.data[0] ?? -1) : -1;
  });
  return picks.join() === '0,1' && source.shape.join() === shape.join()
    ? { name: source.name, isQuantized }
    : undefined;
}

/** Bytes in and bytes out, or floats in and floats out. */
function replace(editor: GraphEditor, concat: Node, x: Pairs, angles: readonly string[]): void {
  const node = { ...concat, op: 'RotaryEmbedding', domain: 'ai.nanoc', attributes: {} };
  if (!x.isQuantized) {
    if (editor.value(x.name).dtype === 'float32') editor.replaceNode(concat, { ...node, inputs: [x.name, ...angles] });
    return;
  }
  const quantize = soleQuantize(editor, concat.outputs[0]!);
  if (quantize === undefined) return;
  const [from, to] = [editor.value(x.name), editor.value(quantize.outputs[0]!)];
  if (from.dtype !== 'int8' || to.dtype !== 'int8') return;
  editor.replaceNode(concat, { ...node, inputs: [x.name, ...angles], outputs: quantize.outputs });
  editor.removeNode(quantize);
}
