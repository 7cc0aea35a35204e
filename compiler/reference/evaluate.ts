/** The reference evaluator: runs a graph in ONNX layout with each operator's own `evaluate`. Slow, obvious, exact. */
import { type Graph, type Node, valueOf } from '../ir/graph.js';
import { type Guard, guardsOf } from '../ir/guards.js';
import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { operatorOf } from '../ops/index.js';
import { viewNode } from '../ops/node-view.js';

/**
 * Evaluates every node once, but those of branches that are not taken.
 * @param inputs one tensor for each graph input, by name
 * @returns every value that was computed, and inputs and constants, by name; every state's next value
 */
export function evaluateGraph(graph: Graph, inputs: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [name, value] of graph.values) if (value.constant !== undefined) tensors.set(name, value.constant);
  for (const name of graph.inputs) {
    const tensor = inputs.get(name);
    const value = valueOf(graph, name);
    if (tensor === undefined) throw new Error(`no tensor for input "${name}"`);
    if (tensor.dtype !== value.dtype || tensor.shape.join() !== value.shape.join()) {
      throw new Error(
        `input "${name}" is ${value.dtype}[${value.shape}], the tensor given is ${tensor.dtype}[${tensor.shape}]`,
      );
    }
    tensors.set(name, tensor);
  }
  const guards = knownGuards(graph);
  for (const node of graph.nodes) {
    if (!isTaken(guards.get(node)!, tensors)) continue;
    const operator = operatorOf(node);
    if (operator.evaluate === undefined) throw new Error(`invariant: ${node.op} has no evaluate ("${node.name}")`);
    const results = operator.evaluate(
      viewNode(graph, node, operator),
      node.inputs.map((name) => (name === '' ? undefined : tensors.get(name))),
    );
    node.outputs.forEach((name, index) => {
      const result = results[index];
      if (name !== '' && result !== undefined) tensors.set(name, result);
    });
  }
  keepStates(graph, tensors);
  return tensors;
}

/** A state whose branch was not taken has its old value for its next one. */
export function keepStates({ states }: Graph, tensors: Map<string, Tensor>): void {
  for (const { input, output, when } of states)
    if (when !== undefined && !isTaken(when, tensors)) tensors.set(output, tensors.get(input)!);
}

const guardsByGraph = new WeakMap<Graph, ReadonlyMap<Node, readonly Guard[]>>();

/** As `guardsOf`; a graph is evaluated for many vectors. */
export function knownGuards(graph: Graph): ReadonlyMap<Node, readonly Guard[]> {
  const known = guardsByGraph.get(graph);
  if (known !== undefined) return known;
  const guards = guardsOf(graph);
  guardsByGraph.set(graph, guards);
  return guards;
}

/** Whether all guards hold. A selector inside of a branch that was not taken has no tensor. */
export function isTaken(guards: readonly Guard[], tensors: ReadonlyMap<string, Tensor>): boolean {
  return guards.every(({ selector, equals }) => Number(tensors.get(selector)?.data[0]) === equals);
}

/** Runs several steps, carrying state from each step's outputs to the next step's inputs. */
export function evaluateSteps(graph: Graph, steps: readonly ReadonlyMap<string, Tensor>[]): Map<string, Tensor>[] {
  const state = initialState(graph);
  return steps.map((inputs) => {
    const result = evaluateGraph(graph, new Map([...inputs, ...state]));
    for (const binding of graph.states) state.set(binding.input, result.get(binding.output)!);
    return result;
  });
}

/** The state tensors that `<model>_reset()` leaves, by input name. */
export function initialState(graph: Graph): Map<string, Tensor> {
  const state = new Map<string, Tensor>();
  for (const binding of graph.states) {
    const { dtype, shape } = valueOf(graph, binding.input);
    state.set(binding.input, { dtype, shape, data: filled(dtype, shape, binding.initial) });
  }
  return state;
}

function filled(dtype: Tensor['dtype'], shape: readonly number[], value: number): Tensor['data'] {
  const data = allocate(dtype, elementCount(shape));
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(BigInt(value));
  else data.fill(value);
  return data;
}
