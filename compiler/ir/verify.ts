/**
 * Invariants of a graph, checked between passes. A violation is a defect of nanoc.
 * 1. Names of nodes are unique; every value has one writer at most: a node, a graph input, or a constant.
 * 2. Every input of a node is '' or a value that is a graph input, a constant, or written by an earlier node.
 * 3. Every graph output is written, or is a graph input or constant.
 * 4. Shapes are known, non-negative integers; a constant has its value's type, shape and number of elements.
 * 5. A per-channel quantization has as many scales as its axis has indices, and as many zero points.
 */
import { CompileError, EXIT } from '../diagnostics/diagnostic.js';
import type { Graph, Value } from './graph.js';
import { elementCount } from './tensor.js';

/** Throws NC0902 when an invariant does not hold after the named pass. */
export function verifyGraph(graph: Graph, after: string): void {
  const problems = [...valueProblems(graph), ...nodeProblems(graph)];
  if (problems.length === 0) return;
  throw new CompileError(
    [
      {
        code: 'NC0902',
        severity: 'error',
        message: `the graph is not well-formed after ${after}: ${problems[0]}`,
        because: `this is a defect of nanoc${problems.length > 1 ? `; ${problems.length - 1} more problems follow from it` : ''}`,
        help: 'please report it with the model, or with the smallest part of it that shows the problem',
      },
    ],
    EXIT.defect,
  );
}

function valueProblems(graph: Graph): string[] {
  const problems: string[] = [];
  for (const value of graph.values.values()) {
    if (value.shape.some((n) => !Number.isInteger(n) || n < 0))
      problems.push(`"${value.name}" has shape [${value.shape}]`);
    const problem = constantProblem(value) ?? quantizationProblem(value);
    if (problem !== undefined) problems.push(`"${value.name}" ${problem}`);
  }
  return problems;
}

function constantProblem(value: Value): string | undefined {
  const constant = value.constant;
  if (constant === undefined) return undefined;
  if (constant.dtype !== value.dtype) return `is ${value.dtype} but its constant is ${constant.dtype}`;
  if (constant.data.length !== elementCount(value.shape) || constant.shape.join() !== value.shape.join()) {
    return `has shape [${value.shape}] but its constant has ${constant.data.length} elements in [${constant.shape}]`;
  }
  return undefined;
}

function quantizationProblem(value: Value): string | undefined {
  const quantization = value.quantization;
  if (quantization === undefined) return undefined;
  if (quantization.scale.length !== quantization.zeroPoint.length)
    return 'has unequal numbers of scales and zero points';
  if (quantization.scale.length > 1 && value.shape[quantization.axis ?? -1] !== quantization.scale.length) {
    return `has ${quantization.scale.length} scales on axis ${quantization.axis} of [${value.shape}]`;
  }
  return undefined;
}

function nodeProblems(graph: Graph): string[] {
  const problems: string[] = [];
  const written = new Set(graph.inputs);
  for (const value of graph.values.values()) if (value.constant !== undefined) written.add(value.name);
  const names = new Set<string>();
  for (const node of graph.nodes) {
    if (names.has(node.name)) problems.push(`two nodes are named "${node.name}"`);
    names.add(node.name);
    for (const input of node.inputs) {
      if (input !== '' && !written.has(input))
        problems.push(`${node.op} "${node.name}" reads "${input}" before it is written`);
    }
    for (const output of node.outputs) {
      if (output === '') continue;
      if (!graph.values.has(output)) problems.push(`${node.op} "${node.name}" writes "${output}", which is no value`);
      if (written.has(output)) problems.push(`"${output}" is written twice`);
      written.add(output);
    }
  }
  for (const output of graph.outputs) if (!written.has(output)) problems.push(`output "${output}" is not written`);
  return problems;
}
