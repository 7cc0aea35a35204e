/** The reference evaluator: runs a graph in ONNX layout with each operator's own `evaluate`. Slow, obvious, exact. */
import { type Graph, valueOf } from '../ir/graph.js';
import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { operatorOf } from '../ops/index.js';
import { viewNode } from '../ops/node-view.js';

/**
 * Evaluates every node once.
 * @param inputs one tensor for each graph input, by name
 * @returns every value of the graph, constants included, by name
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
  for (const node of graph.nodes) {
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
  return tensors;
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
