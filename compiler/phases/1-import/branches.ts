/**
 * ONNX `If` is taken apart: the nodes of both branches stand in the graph, each with the branches that it is in, and one Merge chooses each
 * output. From then on it is a graph like any other (compiler/ir/guards.ts).
 */
import onnxProto from 'onnx-proto';
import { fail } from '../../diagnostics/diagnostic.js';
import type { Guard } from '../../ir/guards.js';

type NodeProto = onnxProto.onnx.INodeProto;
type GraphProto = onnxProto.onnx.IGraphProto;

/** A node without subgraphs of its own. */
export type BranchNode = NodeProto & { readonly branches?: readonly Guard[] };

/** Branches within branches: deeper than this is an attack. */
const MAXIMUM_DEPTH = 32;
const { TENSOR } = onnxProto.onnx.AttributeProto.AttributeType;

/**
 * The nodes with every `If` replaced by its branches. Names of a branch stay as they are where nothing else has them.
 * @param outside further names of the graph or function: its inputs and initializers
 */
export function inlineBranches(nodes: readonly NodeProto[], outside: readonly string[]): BranchNode[] {
  const taken = new Set([...outside, ...nodes.flatMap(({ output }) => output ?? [])]);
  return nodes.flatMap((node) => inlineNode(node, { taken, branches: [], nameOf: (name) => name }));
}

interface Scope {
  /** All names of the graph that results. */
  readonly taken: Set<string>;
  readonly branches: readonly Guard[];
  /** From a name as the branch has it. */
  readonly nameOf: (name: string) => string;
}

function inlineNode(node: NodeProto, scope: Scope): BranchNode[] {
  const isIf = node.opType === 'If' && (node.domain ?? '') in { '': 0, 'ai.onnx': 0 };
  const plain: BranchNode = {
    ...node,
    input: (node.input ?? []).map(scope.nameOf),
    output: (node.output ?? []).map(scope.nameOf),
    ...(scope.branches.length === 0 ? {} : { branches: scope.branches }),
  };
  return isIf ? inlineIf(node, plain, scope) : [plain];
}

function inlineIf(node: NodeProto, plain: BranchNode, scope: Scope): BranchNode[] {
  const label = `"${plain.name || plain.output?.[0] || ''}" (If)`;
  if (scope.branches.length >= MAXIMUM_DEPTH) {
    fail({ code: 'NC0109', message: `branches nest deeper than ${MAXIMUM_DEPTH}`, node: label });
  }
  const [condition] = plain.input ?? [];
  if (!condition) fail({ code: 'NC0104', message: 'If has no condition', node: label });
  const outputs = plain.output ?? [];
  const cases = ['else_branch', 'then_branch'].map((name, equals) => {
    const graph = (node.attribute ?? []).find((attribute) => attribute.name === name)?.g;
    if (!graph) return fail({ code: 'NC0104', message: `If has no ${name}`, node: label });
    const inner: Scope = { ...scope, branches: [...scope.branches, { selector: condition!, equals }] };
    const branch = inlineBranch(graph, `${plain.name || outputs[0]}/${name}`, inner);
    if (branch.outputs.length === outputs.length) return branch;
    return fail({
      code: 'NC0104',
      message: `the ${name} of If gives ${branch.outputs.length} outputs, and the node has ${outputs.length}`,
      node: label,
    });
  });
  const merges = outputs.flatMap((output, index): BranchNode[] => {
    if (output === '') return [];
    const name = outputs.length === 1 ? (plain.name ?? '') : `${plain.name || 'If'}/${output}`;
    const input = [condition!, ...cases.map((branch) => branch.outputs[index]!)];
    return [{ ...plain, name, opType: 'Merge', domain: 'ai.nanoc', input, output: [output], attribute: [] }];
  });
  return [...cases.flatMap((branch) => branch.nodes), ...merges];
}

function inlineBranch(graph: GraphProto, prefix: string, scope: Scope): { nodes: BranchNode[]; outputs: string[] } {
  const initializers = graph.initializer ?? [];
  const nodes = graph.node ?? [];
  const local = new Map<string, string>();
  for (const name of [...initializers.map(({ name }) => name ?? ''), ...nodes.flatMap(({ output }) => output ?? [])]) {
    if (name === '' || local.has(name)) continue;
    const inGraph = freshName(name, prefix, scope.taken);
    scope.taken.add(inGraph);
    local.set(name, inGraph);
  }
  const nameOf = (name: string) => local.get(name) ?? scope.nameOf(name);
  const inner = { ...scope, nameOf };
  const constants = initializers.map((tensor): BranchNode => {
    const name = nameOf(tensor.name ?? '');
    const attribute = [{ name: 'value', type: TENSOR, t: tensor }];
    return { name, opType: 'Constant', domain: '', input: [], output: [name], attribute };
  });
  return {
    nodes: [...constants, ...nodes.flatMap((node) => inlineNode(node, inner))],
    outputs: (graph.output ?? []).map(({ name }) => nameOf(name ?? '')),
  };
}

function freshName(name: string, prefix: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  let found = `${prefix}/${name}`;
  for (let index = 1; taken.has(found); index += 1) found = `${prefix}/${name}_${index}`;
  return found;
}
