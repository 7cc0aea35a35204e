/** Models with ONNX `If`, for tests. */
import type { Tensor } from '../../compiler/ir/tensor.js';
import {
  type BuilderGraph,
  type BuilderModel,
  type BuilderNode,
  type BuilderTensor,
  buildModel,
} from './onnx-builder.js';
import { Random } from './random.js';

const WIDTH = 16;

export const float = (name: string, ...shape: number[]): BuilderTensor => ({ name, dtype: 'float32', shape });
export const bool = (name: string, ...shape: number[]): BuilderTensor => ({ name, dtype: 'bool', shape });

/** float32 numbers round 0, other ones for each seed. */
export function weights(seed: number, ...shape: number[]): Tensor {
  const random = new Random(seed);
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'float32', shape, data: Float32Array.from({ length: count }, () => random.next() - 0.5) };
}

export const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

export function ifNode(
  condition: string,
  outputs: readonly string[],
  then: BuilderGraph,
  other: BuilderGraph,
): BuilderNode {
  const attributes = { then_branch: then, else_branch: other };
  return { op: 'If', name: `if_${outputs[0]}`, inputs: [condition], outputs, attributes };
}

export const node = (op: string, inputs: readonly string[], ...outputs: string[]): BuilderNode => ({
  op,
  inputs,
  outputs,
});

/** `is_sure`: whether the largest probability of `h` is above `threshold`. */
export function confidence(
  threshold: number,
): Pick<BuilderModel, 'nodes'> & { initializers: { name: string; tensor: Tensor }[] } {
  return {
    initializers: [{ name: 'threshold', tensor: scalar(threshold) }],
    nodes: [
      { ...node('Softmax', ['h'], 'p'), attributes: { axis: -1 } },
      { ...node('ReduceMax', ['p'], 'sure'), attributes: { axes: [0, 1], keepdims: 0 } },
      node('Greater', ['sure', 'threshold'], 'is_sure'),
    ],
  };
}

/** A network that leaves after its first layer where it is sure: then one product, else three. */
export function exitModel(threshold = 0.12): BuilderModel {
  const sure = confidence(threshold);
  return {
    inputs: [float('x', 1, WIDTH)],
    outputs: [float('y', 1, 8)],
    initializers: [
      { name: 'w1', tensor: weights(1, WIDTH, WIDTH) },
      { name: 'w4', tensor: weights(4, WIDTH, 8) },
      ...sure.initializers,
    ],
    nodes: [
      node('MatMul', ['x', 'w1'], 'h'),
      ...sure.nodes,
      ifNode(
        'is_sure',
        ['y'],
        {
          initializers: [{ name: 'w', tensor: weights(5, WIDTH, 8) }],
          nodes: [node('MatMul', ['h', 'w'], 'early')],
          outputs: [float('early', 1, 8)],
        },
        {
          // The same name as in the other branch, and an outer value at the end.
          initializers: [
            { name: 'w', tensor: weights(2, WIDTH, 40) },
            { name: 'w3', tensor: weights(3, 40, WIDTH) },
          ],
          nodes: [
            node('MatMul', ['h', 'w'], 'a'),
            node('Relu', ['a'], 'b'),
            node('MatMul', ['b', 'w3'], 'c'),
            node('Add', ['c', 'h'], 'd'),
            node('MatMul', ['d', 'w4'], 'late'),
          ],
          outputs: [float('late', 1, 8)],
        },
      ),
    ],
  };
}

/** Branches in branches, of two conditions that the caller gives; outputs that are outer values and constants. */
export function nestedModel(): BuilderModel {
  const out = (name: string) => float(name, 1, WIDTH);
  return {
    inputs: [float('x', 1, WIDTH), bool('a', 1), bool('b', 1)],
    outputs: [out('y'), out('z')],
    initializers: [{ name: 'w', tensor: weights(1, WIDTH, WIDTH) }],
    nodes: [
      node('MatMul', ['x', 'w'], 'h'),
      ifNode(
        'a',
        ['y', 'z'],
        {
          nodes: [
            ifNode(
              'b',
              ['inner'],
              { nodes: [node('Tanh', ['h'], 't')], outputs: [out('t')] },
              { nodes: [node('Sigmoid', ['h'], 's'), node('Mul', ['s', 'h'], 'u')], outputs: [out('u')] },
            ),
            node('Neg', ['inner'], 'n'),
            node('Identity', ['x'], 'as_it_was'),
          ],
          outputs: [out('n'), out('as_it_was')],
        },
        {
          initializers: [{ name: 'one', tensor: weights(9, 1, WIDTH) }],
          nodes: [node('Abs', ['h'], 'v')],
          outputs: [out('v'), out('one')],
        },
      ),
    ],
  };
}

/** A decoder's cache that only one branch writes: rows that are skipped keep what they hold. */
export function cacheModel(): BuilderModel {
  const state = (name: string) => float(name, 6, WIDTH);
  const indices: Tensor = {
    dtype: 'int64',
    shape: [6, 1],
    data: BigInt64Array.from({ length: 6 }, (_, i) => BigInt(i)),
  };
  return {
    inputs: [float('x', 1, WIDTH), { name: 'pos', dtype: 'int64', shape: [1] }, state('past')],
    outputs: [float('y', 1, WIDTH), state('present')],
    initializers: [
      { name: 'w1', tensor: weights(1, WIDTH, WIDTH) },
      { name: 'w2', tensor: weights(2, WIDTH, WIDTH) },
      { name: 'indices', tensor: indices },
      ...confidence(0.12).initializers,
    ],
    nodes: [
      node('MatMul', ['x', 'w1'], 'h'),
      ...confidence(0.12).nodes,
      node('Equal', ['indices', 'pos'], 'here'),
      ifNode(
        'is_sure',
        ['y', 'present'],
        {
          // ONNX Runtime wants Identity before outer values.
          nodes: [node('Identity', ['h'], 'early'), node('Identity', ['past'], 'kept')],
          outputs: [float('early', 1, WIDTH), state('kept')],
        },
        {
          nodes: [
            node('MatMul', ['h', 'w2'], 'row'),
            node('Where', ['here', 'row', 'past'], 'updated'),
            { ...node('ReduceMean', ['updated'], 'mean'), attributes: { axes: [0], keepdims: 1 } },
            node('Add', ['mean', 'h'], 'late'),
          ],
          outputs: [float('late', 1, WIDTH), state('updated')],
        },
      ),
    ],
  };
}

export const sourceOf = (model: BuilderModel, fileName = 'branches.onnx') => ({ fileName, bytes: buildModel(model) });
