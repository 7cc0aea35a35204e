/** The only list of operators. A new operator is its file and a line here. */
import type { OperatorDefinition } from './define.js';

export const operators: readonly OperatorDefinition[] = [];

const byName = new Map(operators.map((operator) => [`${operator.domain}:${operator.name}`, operator]));

/** The description of an operator, or undefined when nanoc does not know it. `ai.onnx` is ''. */
export function findOperator(domain: string, name: string): OperatorDefinition | undefined {
  return byName.get(`${domain === 'ai.onnx' ? '' : domain}:${name}`);
}

/** The description of a canonical node; a missing one is a defect. */
export function operatorOf(node: { readonly domain: string; readonly op: string; readonly name: string }): OperatorDefinition {
  const found = findOperator(node.domain, node.op);
  if (found === undefined) throw new Error(`invariant: no operator ${node.domain}:${node.op} (node "${node.name}")`);
  return found;
}
