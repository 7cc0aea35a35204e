/** What root-mean-square and layer normalization have in common: a value over Sqrt(ReduceMean(...) + epsilon). */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { isOp, soleProducer } from './chains.js';

export interface OverRoot {
  readonly x: string;
  /** The ReduceMean under the root; nothing else reads it. */
  readonly mean: Node;
  readonly epsilon: number;
  /** 1: x * (1 / root), 0: x / root. */
  readonly reciprocal: 0 | 1;
  /** From the sum with epsilon to the root, in order. */
  readonly chain: readonly Node[];
}

/** A node that is Div(x, root), Mul(x, Reciprocal(root)) or Mul(x, Div(1, root)), the factors in either order. */
export function overRoot(editor: GraphEditor, node: Node): OverRoot | undefined {
  if (node.attributes.clamp !== undefined) return undefined;
  const [a, b] = node.inputs as [string, string];
  if (isOp(node, 'Div')) return root(editor, a, b, 0);
  if (!isOp(node, 'Mul')) return undefined;
  return inverted(editor, a, b) ?? inverted(editor, b, a);
}

function inverted(editor: GraphEditor, x: string, inverse: string): OverRoot | undefined {
  const node = soleProducer(editor, inverse);
  if (node === undefined || node.attributes.clamp !== undefined) return undefined;
  if (isOp(node, 'Reciprocal')) return root(editor, x, node.inputs[0]!, 1);
  if (!isOp(node, 'Div') || singleConstant(editor, node.inputs[0]!) !== 1) return undefined;
  return root(editor, x, node.inputs[1]!, 1);
}

function root(editor: GraphEditor, x: string, name: string, reciprocal: 0 | 1): OverRoot | undefined {
  const sqrt = soleProducer(editor, name);
  const sum = isOp(sqrt, 'Sqrt') ? soleProducer(editor, sqrt.inputs[0]!) : undefined;
  if (!isOp(sum, 'Add') || sum.attributes.clamp !== undefined) return undefined;
  const [a, b] = sum.inputs as [string, string];
  const [under, epsilon] =
    singleConstant(editor, b) === undefined ? [b, singleConstant(editor, a)] : [a, singleConstant(editor, b)];
  const mean = soleProducer(editor, under);
  if (epsilon === undefined || !isOp(mean, 'ReduceMean')) return undefined;
  return { x, mean, epsilon, reciprocal, chain: [sum, sqrt!] };
}

function singleConstant(editor: GraphEditor, name: string): number | undefined {
  const { constant, dtype } = editor.value(name);
  return constant?.data.length === 1 && dtype === 'float32' ? Number(constant.data[0]) : undefined;
}

/** The first of the axes that a ReduceMean takes the mean over, where these are the last ones, and are kept. */
export function reducedBehind(editor: GraphEditor, mean: Node): number | undefined {
  const rank = editor.value(mean.inputs[0]!).shape.length;
  const axes = mean.attributes.axes as readonly number[];
  const isLast = axes.every((axis, i) => axis === rank - axes.length + i);
  return isLast && Number(mean.attributes.keepdims) === 1 ? axes[0] : undefined;
}
