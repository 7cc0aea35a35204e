/**
 * The last place where a model can be at fault: operators, attributes, types, shapes, quantization parameters.
 * Many causes are reported in one run; a node that reads what a faulty one should have written is passed over.
 */
import { type Diagnostics, fail } from '../../diagnostics/diagnostic.js';
import { suggestion } from '../../diagnostics/suggest.js';
import { type Graph, type Node, type Value, valueOf } from '../../ir/graph.js';
import { type Guard, isMerge } from '../../ir/guards.js';
import { byteLength, elementCount } from '../../ir/tensor.js';
import type { OperatorDefinition } from '../../ops/define.js';
import { findOperator, operators } from '../../ops/index.js';
import { viewNode } from '../../ops/node-view.js';
import { checkAttributes } from './attributes.js';
import { checkQuantization } from './quantization.js';

/** Largest tensor: what a 32-bit address can hold, with room to spare. */
const MAXIMUM_BYTES = 2 ** 31;
/** Shape arithmetic is small; constant results that are larger than this and than what they are made of are left to the rewrite, which may keep their nodes. */
const FOLDED_ELEMENTS = 4096;

/** The graph with a type and shape for every value, sorted topologically. */
export function checkGraph(graph: Graph, diagnostics: Diagnostics): Graph {
  checkOperators(graph, diagnostics);
  diagnostics.throwIfErrors();
  for (const name of graph.inputs) {
    diagnostics.collect(() => checkSize(`input "${name}"`, valueOf(graph, name)));
  }
  diagnostics.throwIfErrors();
  const nodes = sortNodes(graph, diagnostics);
  const values = new Map(graph.values);
  const live = { ...graph, values, nodes: [] };
  const kept: Node[] = [];
  for (const { branches = [], ...given } of nodes) {
    if (branches.some((branch) => isNeverTaken(branch, values))) continue;
    const chosen = withConstantSelector(live, given);
    if (chosen.inputs.some((name) => name !== '' && !values.has(name))) continue;
    const node = withConstantParameters(live, chosen, kept);
    const result = diagnostics.collect(() => checkNode(live, node));
    if (result === undefined) continue;
    for (const value of result.values) values.set(value.name, value);
    if (!result.folded) kept.push(node);
  }
  diagnostics.throwIfErrors();
  for (const name of graph.outputs) {
    if (values.has(name)) continue;
    diagnostics.error({
      code: 'NC0203',
      message: `graph output "${name}" is written by no node`,
      ...suggestion(name, values.keys()),
    });
  }
  diagnostics.throwIfErrors();
  return { ...graph, values, nodes: kept };
}

/** The condition is a constant that says another branch. */
function isNeverTaken({ selector, equals }: Guard, values: ReadonlyMap<string, Value>): boolean {
  const constant = values.get(selector)?.constant;
  return constant !== undefined && constant.data.length === 1 && Number(constant.data[0]) !== equals;
}

/** A Merge whose condition is constant is the value of the branch that is always taken. */
function withConstantSelector(graph: Graph, node: Node): Node {
  const constant = isMerge(node) ? graph.values.get(node.inputs[0]!)?.constant : undefined;
  const taken = constant?.data.length === 1 ? node.inputs[Number(constant.data[0]) + 1] : undefined;
  return taken === undefined ? node : { ...node, op: 'Identity', domain: '', inputs: [taken] };
}

/** All unknown operators at once, each with the nodes that use it. */
function checkOperators(graph: Graph, diagnostics: Diagnostics): void {
  const unknown = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    if (findOperator(node.domain, node.op) !== undefined) continue;
    const key = node.domain === '' ? node.op : `${node.domain}.${node.op}`;
    unknown.set(key, [...(unknown.get(key) ?? []), node]);
  }
  for (const [name, nodes] of unknown) {
    const first = nodes[0]!;
    const listed = nodes.slice(0, 3).map((node) => `"${node.name}"`);
    const near = suggestion(
      first.op,
      operators.filter((o) => o.domain !== 'ai.nanoc').map((o) => o.name),
    );
    diagnostics.error({
      code: 'NC0201',
      message: `${name} is not supported`,
      node: `${listed.join(', ')}${nodes.length > 3 ? ` and ${nodes.length - 3} more` : ''} (${name}, ${nodes.length} in all)`,
      help: near.help ?? '`nanoc ops` lists what is supported; ask for an operator with a model that needs it',
    });
  }
}

/** Topological order; reads of what nobody writes and cycles are errors. */
function sortNodes(graph: Graph, diagnostics: Diagnostics): Node[] {
  const writer = new Map<string, Node>();
  for (const node of graph.nodes) for (const output of node.outputs) if (output !== '') writer.set(output, node);
  for (const node of graph.nodes) {
    const selectors = (node.branches ?? []).map(({ selector }) => selector);
    [...node.inputs, ...selectors].forEach((name, index) => {
      if (name === '' || writer.has(name) || graph.values.has(name)) return;
      diagnostics.error({
        code: 'NC0202',
        message: `"${name}" is read but nothing writes it`,
        node: `"${node.name}" (${node.op}), input ${index}`,
        ...suggestion(name, [...writer.keys(), ...graph.values.keys()]),
      });
    });
  }
  diagnostics.throwIfErrors();
  const sorted: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  for (const root of graph.nodes) visit(root, writer, state, sorted);
  return sorted;
}

/** Depth-first with an explicit stack: a hostile graph must not overflow ours. */
function visit(root: Node, writer: ReadonlyMap<string, Node>, state: Map<Node, 'open' | 'done'>, sorted: Node[]): void {
  if (state.has(root)) return;
  // The condition of a branch comes before it.
  const needs = ({ inputs, branches }: Node) =>
    branches === undefined ? inputs : [...branches.map(({ selector }) => selector), ...inputs];
  const stack: { node: Node; next: number }[] = [{ node: root, next: 0 }];
  state.set(root, 'open');
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    const needed = needs(top.node);
    if (top.next === needed.length) {
      state.set(top.node, 'done');
      sorted.push(top.node);
      stack.pop();
      continue;
    }
    const above = writer.get(needed[top.next++]!);
    if (above === undefined || state.get(above) === 'done') continue;
    if (state.get(above) === 'open') {
      const cycle = stack.slice(stack.findIndex((entry) => entry.node === above)).map(({ node }) => `"${node.name}"`);
      fail({
        code: 'NC0205',
        message: 'the graph has a cycle',
        node: cycle.slice(0, 8).join(' -> '),
        because: 'a node reads its own result',
      });
    }
    state.set(above, 'open');
    stack.push({ node: above, next: 0 });
  }
}

/**
 * Quantizers put DequantizeLinear even before parameters that must be constants (the scale of BatchNormalization, the value of
 * Pad): such an input reads the dequantized constant. Weights are left alone: they are of use as integers.
 */
function withConstantParameters(
  graph: Graph & { values: Map<string, Value> },
  node: Node,
  before: readonly Node[],
): Node {
  const specs = findOperator(node.domain, node.op)!.inputs;
  const inputs = node.inputs.map((name, index) => {
    const value = graph.values.get(name);
    if (specs[index]?.mustBeConstant !== true || value === undefined || value.constant !== undefined) return name;
    const producer = before.find(
      ({ op, domain, outputs }) => op === 'DequantizeLinear' && domain === '' && outputs[0] === name,
    );
    const operands = producer?.inputs.map((input) => graph.values.get(input)?.constant);
    if (producer === undefined || operands!.some((operand, i) => operand === undefined && producer.inputs[i] !== ''))
      return name;
    const operator = findOperator('', 'DequantizeLinear')!;
    const [constant] = operator.evaluate!(viewNode(graph, producer, operator), operands!);
    const folded = `${name}__constant`;
    graph.values.set(folded, { ...value, name: folded, constant: constant! });
    return folded;
  });
  return inputs.every((name, index) => name === node.inputs[index]) ? node : { ...node, inputs };
}

interface CheckedNode {
  readonly values: readonly Value[];
  /** The node is gone: its output is a constant. */
  readonly folded: boolean;
}

function checkNode(graph: Graph, node: Node): CheckedNode {
  const operator = findOperator(node.domain, node.op)!;
  checkInputs(graph, node, operator);
  checkAttributes(graph, node, operator);
  checkQuantization(graph, node, operator);
  const view = viewNode(graph, node, operator);
  const inferred = operator.infer(view);
  const isConstant = node.inputs.every((input) => input === '' || graph.values.get(input)?.constant !== undefined);
  const values = node.outputs.flatMap((name, index): Value[] => {
    if (name === '') return [];
    const result = inferred[index];
    if (result === undefined)
      return view.bad(`has no output ${index}`, { expected: `at most ${inferred.length} outputs` });
    checkSize(`"${name}" of "${node.name}" (${node.op})`, result, isConstant ? 0 : 1);
    return [{ name, dtype: result.dtype, shape: [...result.shape], source: { name } }];
  });
  const constant = fold(graph, node, operator, values);
  return constant === undefined ? { values, folded: false } : { values: [constant], folded: true };
}

function checkInputs(graph: Graph, node: Node, operator: OperatorDefinition): void {
  const view = viewNode(graph, node, operator);
  const variadic = operator.inputs.at(-1)?.variadic === true;
  if (node.inputs.length > operator.inputs.length && !variadic) {
    view.bad(`has ${node.inputs.length} inputs`, { expected: `at most ${operator.inputs.length}` });
  }
  operator.inputs.forEach((spec, index) => {
    const value = view.input(index);
    if (value === undefined) {
      if (!spec.optional) view.bad(`input ${index} "${spec.name}" is missing`);
    } else if (spec.mustBeConstant && value.constant === undefined) {
      view.bad(`input ${index} "${spec.name}" is computed at run time`, {
        expected: 'a constant, or a value that follows from shapes and constants',
        because: 'all memory is static, so every shape must be known when the model is compiled',
        help: 'fix the shape when exporting, or fold constants (for example with onnxsim)',
      });
    }
  });
}

/** @param least dimension: what is computed at compile time may be empty, a list of dimensions for example */
function checkSize(what: string, tensor: { dtype: Value['dtype']; shape: readonly number[] }, least = 1): void {
  const bytes = byteLength(tensor);
  if (tensor.shape.some((n) => !Number.isSafeInteger(n) || n < least) || !(bytes <= MAXIMUM_BYTES)) {
    fail({
      code: 'NC0206',
      message: `${what} would be ${tensor.dtype}[${tensor.shape}]`,
      expected: `dimensions from 1 up and at most ${MAXIMUM_BYTES} bytes`,
    });
  }
}

/** Shape arithmetic (Shape -> Gather -> Concat -> Reshape) is done here, since inference needs its results; and weights that an exporter turned or joined, since operators want them constant. */
function fold(graph: Graph, node: Node, operator: OperatorDefinition, values: readonly Value[]): Value | undefined {
  const [output] = values;
  if (operator.evaluate === undefined || values.length !== 1 || output === undefined) return undefined;
  if (node.op === 'DequantizeLinear' || node.op === 'QuantizeLinear') return undefined;
  const shapeOnly = node.domain === '' && (node.op === 'Shape' || node.op === 'Size');
  const inputs = node.inputs.map((name) => {
    const value = graph.values.get(name);
    if (shapeOnly && value !== undefined) return { dtype: value.dtype, shape: value.shape, data: new Uint8Array(0) };
    return value?.constant;
  });
  if (node.inputs.some((name, index) => name !== '' && inputs[index] === undefined)) return undefined;
  const read = inputs.reduce((sum, tensor) => sum + (tensor?.data.length ?? 0), 0);
  if (elementCount(output.shape) > Math.max(FOLDED_ELEMENTS, read)) return undefined;
  const withOutput = { ...graph, values: new Map(graph.values).set(output.name, output) };
  const [constant] = operator.evaluate(viewNode(withOutput, node, operator), inputs);
  return constant === undefined ? undefined : { ...output, constant };
}
