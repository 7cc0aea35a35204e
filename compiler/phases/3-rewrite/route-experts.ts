/**
 * Mixture of experts: MatMul(x, Gather(weights, index)) takes one of several constant matrices. It becomes a product with each, of which the
 * index chooses one by a Merge: each matrix is packed like any other, only the chosen one is read, and none is copied. Exact, since
 * MatMul of the chosen matrix is the chosen product; so is the bias that the same index gathers, and a QuantizeLinear behind it.
 *
 * Gather allows any index of the first dimension; the products are for 0, 1 ... alone. So the index has to come from ArgMax.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, Value } from '../../ir/graph.js';
import { elementCount, type Tensor } from '../../ir/tensor.js';
import type { Pass } from './pass.js';
import { isDequantize, soleQuantize } from './quantization.js';

/** Each expert is a call: more of them are gathered, as any rows are. */
const MOST_EXPERTS = 64;

const MOVES_ELEMENT = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity', 'Transpose', 'Cast', 'Slice']);

export const routeExperts: Pass = {
  name: 'route-experts',
  run(editor) {
    for (const node of editor.nodes) if (editor.has(node)) route(editor, node);
  },
};

/** Nodes from a Gather on that are computed for each expert; the last one's output is chosen. */
interface Region {
  readonly gather: Node;
  readonly nodes: readonly Node[];
}

function route(editor: GraphEditor, gather: Node): void {
  const count = expertsOf(editor, gather);
  const region = count === undefined ? undefined : regionOf(editor, gather);
  if (count === undefined || region === undefined) return;
  const last = region.nodes.at(-1)!;
  const output = last.outputs[0]!;
  const cases = Array.from({ length: count }, (_, expert) => instance(editor, region, expert));
  for (const node of region.nodes) editor.removeNode(node);
  editor.addNode({
    name: `${last.name}/expert`,
    op: 'Merge',
    domain: 'ai.nanoc',
    inputs: [gather.inputs[1]!, ...cases],
    outputs: [output],
    attributes: {},
    origins: [gather.name, ...region.nodes.map(({ name }) => name)],
  });
}

/** How many rows of a constant a Gather chooses one of; undefined for any other node. */
function expertsOf(editor: GraphEditor, node: Node): number | undefined {
  if (node.op !== 'Gather' || node.domain !== '' || Number(node.attributes.axis ?? 0) !== 0) return undefined;
  const [table, index] = node.inputs.map((name) => editor.value(name)) as [Value, Value];
  const count = table.shape[0] ?? 0;
  if (table.constant === undefined || index.constant !== undefined || elementCount(index.shape) !== 1) return undefined;
  const choices = choicesOf(editor, index.name);
  return count >= 2 && count <= MOST_EXPERTS && choices !== undefined && choices <= count ? count : undefined;
}

/** The index is below this number, and not negative. */
function choicesOf(editor: GraphEditor, name: string): number | undefined {
  const node = editor.producer(name);
  if (node === undefined || node.domain !== '') return undefined;
  if (node.op === 'ArgMax' || node.op === 'ArgMin') {
    const { shape } = editor.value(node.inputs[0]!);
    const axis = Number(node.attributes.axis ?? 0);
    return shape[axis < 0 ? axis + shape.length : axis];
  }
  return MOVES_ELEMENT.has(node.op) ? choicesOf(editor, node.inputs[0]!) : undefined;
}

function regionOf(editor: GraphEditor, gather: Node): Region | undefined {
  const nodes: Node[] = [];
  let name = gather.outputs[0]!;
  for (;;) {
    const next = soleReader(editor, name);
    if (next === undefined) return undefined;
    nodes.push(next);
    if (next.op === 'MatMul' && next.domain === '') {
      if (next.inputs[1] !== name || next.inputs[0] === name) return undefined;
      return { gather, nodes: [...nodes, ...tailOf(editor, gather, next)] };
    }
    const passes = isDequantize(next) || (next.domain === '' && (next.op === 'Reshape' || next.op === 'Transpose'));
    if (!passes) return undefined;
    name = next.outputs[0]!;
  }
}

/** The bias of the expert, and what quantizes the sum. */
function tailOf(editor: GraphEditor, gather: Node, product: Node): Node[] {
  const nodes: Node[] = [];
  let name = product.outputs[0]!;
  const add = soleReader(editor, name);
  if (
    add?.op === 'Add' &&
    add.domain === '' &&
    add.inputs.some((input) => biasOf(editor, gather, input) !== undefined)
  ) {
    nodes.push(add);
    name = add.outputs[0]!;
  }
  const quantize = soleQuantize(editor, nodes.at(-1) ?? product);
  if (quantize !== undefined) nodes.push(quantize);
  return nodes;
}

/** The Gather of a bias by the same index, and how many experts it has. */
function biasOf(editor: GraphEditor, gather: Node, name: string): Node | undefined {
  const above = editor.producer(name);
  const bias = isDequantize(above) ? editor.producer(above.inputs[0]!) : above;
  if (bias === undefined || bias.inputs[1] !== gather.inputs[1]) return undefined;
  return expertsOf(editor, bias) === expertsOf(editor, gather) ? bias : undefined;
}

function soleReader(editor: GraphEditor, name: string): Node | undefined {
  const readers = editor.consumers(name);
  return readers.length === 1 && !editor.isGraphOutput(name) ? readers[0] : undefined;
}

/** The nodes of a region once more, with the rows of one expert; gives the output. */
function instance(editor: GraphEditor, { gather, nodes }: Region, expert: number): string {
  const renamed = new Map([[gather.outputs[0]!, expertRow(editor, gather, expert)]]);
  const rename = (name: string): string => {
    const known = renamed.get(name);
    if (known !== undefined) return known;
    const bias = biasOf(editor, gather, name);
    return bias === undefined ? name : biasRow(editor, bias, name, expert);
  };
  for (const node of nodes) {
    const [output] = node.outputs as [string];
    const { source: _, ...value } = editor.value(output);
    const copy = editor.addValue({ ...value, name: `${output}/expert_${expert}` });
    // Only a sum may have a bias among its inputs.
    const inputs = node.inputs.map((name) => (node.op === 'Add' ? rename(name) : (renamed.get(name) ?? name)));
    editor.addNode({ ...node, name: `${node.name}/expert_${expert}`, inputs, outputs: [copy] });
    renamed.set(output, copy);
  }
  return renamed.get(nodes.at(-1)!.outputs[0]!)!;
}

function biasRow(editor: GraphEditor, bias: Node, name: string, expert: number): string {
  const row = expertRow(editor, bias, expert);
  const above = editor.producer(name)!;
  if (above === bias) return row;
  const { source: _, ...value } = editor.value(name);
  const copy = editor.addValue({ ...value, name: `${name}/expert_${expert}` });
  editor.addNode({ ...above, name: `${above.name}/expert_${expert}`, inputs: [row], outputs: [copy] });
  return copy;
}

/** What a Gather gives for one index, as a constant. */
function expertRow(editor: GraphEditor, gather: Node, expert: number): string {
  const table = editor.value(gather.inputs[0]!);
  const { dtype, shape, quantization } = editor.value(gather.outputs[0]!);
  const size = elementCount(shape);
  const data = table.constant!.data.slice(expert * size, (expert + 1) * size) as Tensor['data'];
  const extra = quantization === undefined ? {} : { quantization };
  return editor.addConstant(`${table.name}/expert_${expert}`, { dtype, shape, data }, extra);
}
