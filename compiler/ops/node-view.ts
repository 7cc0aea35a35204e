import { fail } from '../diagnostics/diagnostic.js';
import type { Graph, Node, Value } from '../ir/graph.js';
import type { NodeView, OperatorDefinition } from './define.js';

/** A node seen through its operator's description: values at hand, attribute defaults applied. */
export function viewNode(graph: Graph, node: Node, definition: OperatorDefinition): NodeView {
  const opset = graph.opsets.get(node.domain) ?? 1;
  const value = (name: string, what: string): Value => {
    const found = graph.values.get(name);
    if (found === undefined) throw new Error(`invariant: ${what} "${name}" of node "${node.name}" is not in the graph`);
    return found;
  };
  const attribute = (name: string): unknown => {
    const given = node.attributes[name];
    if (given !== undefined) return given;
    const fallback = definition.attributes[name]?.default;
    if (fallback === undefined)
      throw new Error(`invariant: ${node.op} "${node.name}" has no attribute "${name}" and no default`);
    return fallback;
  };
  const bad: NodeView['bad'] = (message, detail = {}) =>
    fail({
      code: 'NC0204',
      message: `${node.op}: ${message}`,
      node: `"${node.name}" (${node.domain === '' ? '' : `${node.domain}.`}${node.op}, opset ${opset})`,
      ...detail,
    });
  return {
    graph,
    node,
    opset,
    input: (index) => {
      const name = node.inputs[index];
      return name === undefined || name === '' ? undefined : value(name, `input ${index}`);
    },
    required: (index) => {
      const name = node.inputs[index];
      if (name === undefined || name === '') {
        return bad(`input ${index} "${definition.inputs[index]?.name ?? '?'}" is missing`);
      }
      return value(name, `input ${index}`);
    },
    output: (index) => value(node.outputs[index] ?? '', `output ${index}`),
    int: (name) => Number(attribute(name)),
    float: (name) => Number(attribute(name)),
    string: (name) => String(attribute(name)),
    ints: (name) => attribute(name) as readonly number[],
    has: (name) => node.attributes[name] !== undefined,
    bad,
  };
}
