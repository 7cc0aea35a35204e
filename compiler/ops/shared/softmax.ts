/** What Softmax and LogSoftmax share: the older opsets' meaning of `axis`, and vectors along one dimension. */
import type { GraphEditor } from '../../ir/builders.js';
import type { KernelCall } from '../../ir/kernel-call.js';
import { bytesPerElement, elementCount } from '../../ir/tensor.js';
import type { LowerContext, NodeView } from '../define.js';
import { addReshape, addReshapeBack } from './rewrite.js';
import { axisOf } from './shapes.js';
import { elementwiseCall, inferUnary } from './unary.js';

/** `canonical` marks nodes of opset-13 meaning in graphs of an older opset. */
function isCanonical(view: NodeView): boolean {
  return view.opset >= 13 || view.node.attributes.canonical === true;
}

export function inferSoftmax(view: NodeView) {
  axisIn(view);
  return inferUnary(view);
}

/** The axis as an index; by default the last one, and 1 before opset 13. */
function axisIn(view: NodeView): number {
  const given = view.has('axis') ? view.int('axis') : view.opset >= 13 ? -1 : 1;
  return axisOf(view, given, view.required(0).shape.length);
}

/** Before opset 13 all dimensions from `axis` on are one: they become one by Reshape. */
export function normalizeSoftmax(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const { shape } = view.required(0);
  const axis = axisIn(view);
  if (isCanonical(view)) {
    if (node.attributes.axis !== axis) editor.replaceNode(node, { ...node, attributes: { axis, canonical: true } });
    return;
  }
  if (axis === shape.length - 1) {
    editor.replaceNode(node, { ...node, attributes: { axis, canonical: true } });
    return;
  }
  const flat = [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis))];
  const input = addReshape(editor, node.inputs[0]!, flat, '__flat');
  const output = addReshapeBack(editor, node.outputs[0]!, flat, '__flat');
  editor.replaceNode(node, { ...node, inputs: [input], outputs: [output], attributes: { axis: 1, canonical: true } });
}

/** The input as [outer][count][inner]. */
export interface Vectors {
  readonly outer: number;
  readonly count: number;
  readonly inner: number;
}

export function vectorsOf(view: NodeView): Vectors {
  const { shape } = view.required(0);
  const axis = axisIn(view);
  const outer = elementCount(shape.slice(0, axis));
  if (!isCanonical(view)) return { outer, count: elementCount(shape.slice(axis)), inner: 1 };
  return { outer, count: shape[axis] ?? 1, inner: elementCount(shape.slice(axis + 1)) };
}

/** Calls `visit` with the position of each element of each vector. */
export function forEachVector({ outer, count, inner }: Vectors, visit: (positions: readonly number[]) => void): void {
  for (let o = 0; o < outer; o += 1) {
    for (let i = 0; i < inner; i += 1) visit(Array.from({ length: count }, (_, k) => (o * count + k) * inner + i));
  }
}

/** A call that starts with (x, y). A vector whose elements lie apart is written over its neighbours before they are read. */
export function vectorCall(context: LowerContext, name: string): KernelCall {
  const { count, inner } = vectorsOf(context);
  const [x, y] = [context.required(0), context.output(0)];
  const lead = inner === 1 ? 0 : (count - 1) * inner * bytesPerElement(x.dtype);
  return { ...elementwiseCall(context, name, 'nanoc/softmax.h'), overlaps: [{ input: x.name, output: y.name, lead }] };
}

/** A float kernel (x, y, outer, count, inner). */
export function floatVectorCall(context: LowerContext, name: string, calls: readonly string[]): KernelCall {
  const { outer, count, inner } = vectorsOf(context);
  const call = vectorCall(context, name);
  return {
    ...call,
    sources: [...call.sources, ...calls.map((callee) => `portable/${callee}.c`)],
    arguments: [
      ...call.arguments,
      { kind: 'int', value: outer, comment: 'outer' },
      { kind: 'int', value: count, comment: 'count' },
      { kind: 'int', value: inner, comment: 'inner' },
    ],
    alignment: 4,
  };
}
