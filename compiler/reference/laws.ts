import type { Graph, Node } from '../ir/graph.js';
import type { Program } from '../ir/kernel-call.js';
import type { Law } from '../numerics/law.js';

/**
 * The reference graph with the arithmetic of the program's calls: a node whose output comes from a call in the profile `tflite`
 * gets the attribute `law`. The evaluator is then bit-exact with vendors' kernels too. Graphs without such calls stay as they are.
 */
export function withLaws(reference: Graph, program: Program): Graph {
  const laws = new Map<string, Law>();
  for (const { law, node } of program.calls) {
    if (law === undefined) continue;
    for (const output of node.outputs) {
      const source = program.graph.values.get(output)?.source;
      if (source !== undefined) laws.set(source.name, law);
    }
  }
  if (laws.size === 0) return reference;
  const withLaw = (node: Node): Node => {
    const law = node.outputs.map((output) => laws.get(output)).find((each) => each !== undefined);
    return law === undefined ? node : { ...node, attributes: { ...node.attributes, law } };
  };
  return { ...reference, nodes: reference.nodes.map(withLaw) };
}

/** The same graph in ONNX's own arithmetic, from which the distance of the laws is measured. */
export function withoutLaws(reference: Graph): Graph {
  const nodes = reference.nodes.map((node) => {
    const { law: _, ...attributes } = node.attributes;
    return 'law' in node.attributes ? { ...node, attributes } : node;
  });
  return { ...reference, nodes };
}
