/** Normalization of groups of channels, and of single ones: LayerNormalization of rows, then a factor and a term for each channel. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import type { Inferred, NodeView } from '../define.js';
import { addReshape } from './rewrite.js';

/** [N, C, ...] in float32, scale and bias with `count(C)` elements. */
export function inferChannels(view: NodeView, count: (channels: number) => number): Inferred {
  const { name, dtype, shape } = view.required(0);
  if (dtype !== 'float32') view.bad(`"${name}" is ${dtype}`, { expected: 'float32' });
  if (shape.length < 3) view.bad(`"${name}" has shape [${shape}]`, { expected: '[batch, channels, ...]' });
  const wanted = count(shape[1]!);
  for (const parameter of [view.required(1), view.required(2)])
    if (parameter.dtype !== 'float32' || elementCount(parameter.shape) !== wanted)
      view.bad(`"${parameter.name}" is ${parameter.dtype}[${parameter.shape}]`, { expected: `float32[${wanted}]` });
  return { dtype, shape };
}

/**
 * @param groups of channels, each normalized by its own mean and variance
 * @param scale factor of each channel; @param bias term of each channel
 */
export function normalizeGroups(
  view: NodeView,
  editor: GraphEditor,
  groups: number,
  scale: readonly number[],
  bias: readonly number[],
): void {
  const { node } = view;
  const { shape, name: x } = view.required(0);
  const count = elementCount(shape) / (shape[0]! * groups);
  const rows = [shape[0]! * groups, count];
  const [y] = node.outputs as [string];
  const float = (suffix: string, own: readonly number[]) =>
    editor.addValue({ name: `${y}__${suffix}`, dtype: 'float32', shape: own });
  const constant = (suffix: string, own: readonly number[], data: Float32Array) =>
    editor.addConstant(`${y}__${suffix}`, { dtype: 'float32', shape: own, data });
  const origins = node.origins ?? [node.name];
  const add = (op: string, inputs: readonly string[], output: string, attributes: Node['attributes'] = {}) =>
    editor.addNode({
      ...{ op, domain: '', inputs, outputs: [output], attributes, origins },
      name: output === y ? node.name : editor.freshName(output),
    });
  const perChannel = [scale.length, ...shape.slice(2).map(() => 1)];
  const steps = [
    { op: 'Mul', suffix: 'factor', numbers: scale, neutral: 1 },
    { op: 'Add', suffix: 'term', numbers: bias, neutral: 0 },
  ].filter(({ numbers, neutral }) => numbers.some((each) => each !== neutral));
  const input = addReshape(editor, x, rows, '__groups');
  editor.removeNode(node);
  const normalized = float('normalized', rows);
  const ones = constant('ones', [count], new Float32Array(count).fill(1));
  const epsilon = view.float('epsilon');
  add('LayerNormalization', [input, ones], normalized, { axis: 1, epsilon });
  let last = steps.length === 0 ? y : float('channels', shape);
  add('Reshape', [normalized], last);
  steps.forEach(({ op, suffix, numbers }, i) => {
    const output = i === steps.length - 1 ? y : float(`by_${suffix}`, shape);
    add(op, [last, constant(suffix, perChannel, Float32Array.from(numbers))], output);
    last = output;
  });
}
