/**
 * Layer normalization in primitive operators, as PyTorch and transformers are exported, becomes LayerNormalization:
 *
 *     d = x - ReduceMean(x)                                   once, or once for each of its uses
 *     y = d / Sqrt(ReduceMean(d * d) + epsilon) * scale + bias     scale and bias constant, each of them optional
 *
 * over one axis or more at the end. LayerNormalization takes its mean more exactly than ReduceMean does, so sums differ in their last bits.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { elementCount, type Tensor } from '../../ir/tensor.js';
import { isOp } from './chains.js';
import type { Pass } from './pass.js';
import { type OverRoot, overRoot, reducedBehind } from './roots.js';

export const recogniseLayerNormalization: Pass = {
  name: 'recognise-layer-normalization',
  run(editor) {
    for (const node of editor.nodes) if (editor.has(node)) recognise(editor, node);
  },
};

function recognise(editor: GraphEditor, node: Node): void {
  const found = overRoot(editor, node);
  const centred = found === undefined ? undefined : centredBy(editor, node, found);
  if (found === undefined || centred === undefined) return;
  const { x, axis, nodes } = centred;
  const { dtype, shape } = editor.value(x);
  if (dtype !== 'float32') return;
  const normalized = shape.slice(axis);
  const scale = parameterBehind(editor, node, 'Mul', normalized);
  const bias = parameterBehind(editor, scale?.node ?? node, 'Add', normalized);
  const last = bias?.node ?? scale?.node ?? node;
  const ones: Tensor = { dtype, shape: normalized, data: new Float32Array(elementCount(normalized)).fill(1) };
  const gain = scale?.constant ?? editor.addConstant(`${last.name}__scale`, ones);
  const chain = [...nodes, found.mean, ...found.chain, node, scale?.node, bias?.node];
  editor.replaceNode(last, {
    ...last,
    op: 'LayerNormalization',
    inputs: bias === undefined ? [x, gain] : [x, gain, bias.constant],
    attributes: { axis, epsilon: found.epsilon },
    origins: chain.flatMap((each) => (each === undefined ? [] : (each.origins ?? [each.name]))),
  });
}

interface Centred {
  readonly x: string;
  readonly axis: number;
  /** ReduceMean, Sub (or two of them) and the square. */
  readonly nodes: readonly Node[];
}

/** What `node` divides is x - mean(x), and so is what the mean under the root squares; nothing else reads any of it. */
function centredBy(editor: GraphEditor, node: Node, { x: numerator, mean: variance }: OverRoot): Centred | undefined {
  const square = editor.producer(variance.inputs[0]!);
  if (!isOp(square, 'Mul') || square.inputs[0] !== square.inputs[1]) return undefined;
  const subtractions = [...new Set([square.inputs[0]!, numerator])].map((name) => editor.producer(name));
  const [first, second = first] = subtractions;
  if (!isOp(first, 'Sub') || !isOp(second, 'Sub') || first.inputs.join() !== second.inputs.join()) return undefined;
  const [x, average] = first.inputs as [string, string];
  const mean = editor.producer(average);
  if (!isOp(mean, 'ReduceMean') || mean.inputs[0] !== x) return undefined;
  const axis = reducedBehind(editor, mean);
  if (axis === undefined || axis !== reducedBehind(editor, variance)) return undefined;
  const differences = new Set([first, second]);
  const own = new Set<Node>([...differences, square, variance, node]);
  const isOwn = ({ outputs: [output] }: Node) =>
    !editor.isGraphOutput(output!) && editor.consumers(output!).every((reader) => own.has(reader));
  const inner = [mean, ...differences, square];
  if (!inner.every((each) => isOwn(each) && each.attributes.clamp === undefined)) return undefined;
  return { x, axis, nodes: inner };
}

/** The one reader of a node, where it is `op` with a constant of the normalized shape. */
function parameterBehind(editor: GraphEditor, node: Node, op: string, normalized: readonly number[]) {
  const output = node.outputs[0]!;
  const [reader, another] = editor.consumers(output);
  const isAlone = another === undefined && !editor.isGraphOutput(output) && node.attributes.clamp === undefined;
  if (!isAlone || !isOp(reader, op) || reader.attributes.clamp !== undefined) return undefined;
  const constant = reader.inputs.find((name) => name !== output);
  if (constant === undefined) return undefined;
  const value = editor.value(constant);
  const own = value.shape.slice(-normalized.length).join() === normalized.join();
  const fits = own && elementCount(value.shape) === elementCount(normalized) && value.dtype === 'float32';
  const keepsRank = value.shape.length <= editor.value(output).shape.length;
  return value.constant !== undefined && fits && keepsRank ? { node: reader, constant } : undefined;
}
