import { suggestion } from '../../diagnostics/suggest.js';
import type { Graph, Node } from '../../ir/graph.js';
import type { AttributeSpec, OperatorDefinition } from '../../ops/define.js';
import { viewNode } from '../../ops/node-view.js';

/** Names, types and ranges of a node's attributes, by its operator's description. */
export function checkAttributes(graph: Graph, node: Node, operator: OperatorDefinition): void {
  const view = viewNode(graph, node, operator);
  for (const [name, value] of Object.entries(node.attributes)) {
    const spec = operator.attributes[name];
    if (spec === undefined) {
      view.bad(`has no attribute "${name}" that nanoc knows`, suggestion(name, Object.keys(operator.attributes)));
    } else {
      if (!hasType(spec, value)) view.bad(`attribute "${name}" has the wrong type`, { expected: spec.type });
      const problem = spec.check?.(value);
      if (problem !== undefined) view.bad(`attribute "${name}" ${problem}`);
    }
  }
  for (const [name, spec] of Object.entries(operator.attributes)) {
    if (spec.required && node.attributes[name] === undefined) view.bad(`attribute "${name}" is missing`);
  }
}

function hasType(spec: AttributeSpec, value: unknown): boolean {
  switch (spec.type) {
    case 'int':
      return Number.isInteger(value);
    case 'float':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string';
    case 'ints':
      return Array.isArray(value) && value.every((x) => Number.isInteger(x));
    case 'floats':
      return Array.isArray(value) && value.every((x) => typeof x === 'number');
    case 'strings':
      return Array.isArray(value) && value.every((x) => typeof x === 'string');
    case 'tensor':
      return typeof value === 'object' && value !== null && 'data' in value;
  }
}
