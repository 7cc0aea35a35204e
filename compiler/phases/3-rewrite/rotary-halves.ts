/**
 * Rotary position embedding of halves, as Hugging Face's models are exported, becomes RotaryEmbedding:
 *
 *     y = x * cos + Concat(-x[h:], x[:h]) * sin        the halves by Slice or Split
 *
 * Adding -b * sin is taking b * sin away, to the last bit.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import { isOp, soleProducer } from './chains.js';
import { isDequantize } from './quantization.js';
import { type Pairs, replaceByRotary } from './rotary-node.js';

export function recogniseHalves(editor: GraphEditor, sum: Node): void {
  if (sum.attributes.clamp !== undefined) return;
  const [first, second] = sum.inputs.map((name) => soleProducer(editor, name));
  for (const [plain, turned] of [
    [first, second],
    [second, first],
  ]) {
    for (const [x, cos] of factors(plain)) {
      for (const [rotated, sin] of factors(turned)) {
        const pairs = halvesBehind(editor, rotated, x);
        if (pairs === undefined || ![cos, sin].every((name) => isAnglePerElement(editor, name, x))) continue;
        replaceByRotary(editor, sum, pairs, [cos, sin], { halves: 1 });
        return;
      }
    }
  }
}

/** The factors of a product, both ways round. */
function factors(node: Node | undefined): (readonly [string, string])[] {
  if (!isOp(node, 'Mul') || node.attributes.clamp !== undefined) return [];
  const [a, b] = node.inputs as [string, string];
  return [
    [a, b],
    [b, a],
  ];
}

/** A row of angles that all rows of x share. */
function isAnglePerElement(editor: GraphEditor, name: string, x: string): boolean {
  const value = editor.value(name);
  const { shape } = editor.value(x);
  const dim = shape.at(-1)!;
  const isRow = elementCount(value.shape) === dim && value.shape.at(-1) === dim && value.shape.length <= shape.length;
  return value.dtype === 'float32' && isRow;
}

/** x, or the bytes that it is made of, where `rotated` is Concat(-second half, first half) of it. */
function halvesBehind(editor: GraphEditor, rotated: string, x: string): Pairs | undefined {
  const join = soleProducer(editor, rotated);
  const { shape } = editor.value(x);
  const dim = shape.at(-1)!;
  const rank = shape.length;
  if (!isOp(join, 'Concat') || join.inputs.length !== 2 || dim % 2 !== 0) return undefined;
  if ((Number(join.attributes.axis) + rank) % rank !== rank - 1) return undefined;
  const negated = soleProducer(editor, join.inputs[0]!);
  if (!isOp(negated, 'Neg')) return undefined;
  const bytes = editor.producer(x);
  const halves = [join.inputs[1]!, negated.inputs[0]!].map((name, i) => halfOf(editor, name, i, dim));
  if (halves.every((half) => half === x)) return { name: x, isQuantized: false };
  const from = isDequantize(bytes) ? bytes.inputs[0] : undefined;
  return from !== undefined && halves.every((half) => half === from) ? { name: from, isQuantized: true } : undefined;
}

/** What a value is the first (0) or second (1) half of, in bytes where it is dequantized; undefined when it is none. */
function halfOf(editor: GraphEditor, name: string, half: number, dim: number): string | undefined {
  const above = editor.producer(name);
  const bytes = isDequantize(above) ? above.inputs[0]! : name;
  const node = editor.producer(bytes);
  const rank = editor.value(bytes).shape.length;
  if (node?.domain === '' && node.op === 'Split') {
    const isLast = (Number(node.attributes.axis ?? 0) + rank) % rank === rank - 1;
    return isLast && node.outputs.length === 2 && node.outputs[half] === bytes && halved(editor, node)
      ? node.inputs[0]
      : undefined;
  }
  if (node?.domain !== '' || node.op !== 'Slice') return undefined;
  const list = (key: string) => node.attributes[key] as readonly number[];
  const whole = editor.value(node.inputs[0]!).shape;
  const fits = list('axes').every((axis, i) => {
    const [start, end] = axis === rank - 1 ? [(half * dim) / 2, ((half + 1) * dim) / 2] : [0, whole[axis]!];
    return list('steps')[i] === 1 && list('starts')[i] === start && list('ends')[i] === end;
  });
  return fits && list('axes').includes(rank - 1) && whole.at(-1) === dim ? node.inputs[0] : undefined;
}

function halved(editor: GraphEditor, split: Node): boolean {
  const [first, second] = split.outputs.map((name) => editor.value(name).shape.at(-1));
  return first === second;
}
