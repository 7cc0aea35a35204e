/**
 * Rotary position embedding of interleaved pairs, as exporters spell it, becomes RotaryEmbedding:
 *
 *     a = x[..., 0], b = x[..., 1]  (Gather)     y = Concat(a * cos - b * sin, a * sin + b * cos)
 *
 * with its DequantizeLinear and QuantizeLinear where both are there. That of halves: rotary-halves.ts.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import { isOp, soleProducer } from './chains.js';
import type { Pass } from './pass.js';
import { isDequantize } from './quantization.js';
import { recogniseHalves } from './rotary-halves.js';
import { type Pairs, replaceByRotary } from './rotary-node.js';

export const recogniseRotary: Pass = {
  name: 'recognise-rotary',
  run(editor) {
    for (const node of editor.nodes) if (isOp(node, 'Add') && editor.has(node)) recogniseHalves(editor, node);
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
    replaceByRotary(editor, concat, x, [cos, sin]);
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
