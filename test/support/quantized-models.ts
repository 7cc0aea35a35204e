/** Small quantized models for the tests of what runs and proves them. */
import type { ModelSource } from '../../compiler/compilation.js';
import type { Tensor } from '../../compiler/ir/tensor.js';
import { type BuilderNode, buildModel } from './onnx-builder.js';
import { Random } from './random.js';

const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });
const zero = (value: number): Tensor => ({ dtype: 'int8', shape: [], data: Int8Array.of(value) });

function int8(random: Random, shape: readonly number[]): Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'int8', shape, data: Int8Array.from({ length: count }, () => random.integer(-127, 127)) };
}

/**
 * Two convolutions and an Add that needs the first one's result again, in QOperator and QDQ form mixed:
 * x int8 [1,3,6,6] -> conv1 -> a; conv2(a) -> b; a + b -> y int8 [1,4,6,6].
 */
export function branchModel(seed = 1): ModelSource {
  const random = new Random(seed);
  const conv = (name: string, from: string, to: string): BuilderNode => ({
    op: 'QLinearConv',
    name,
    inputs: [from, 's', 'z', `${name}_w`, 'sw', 'zw', `${to}_s`, 'z', `${name}_b`],
    outputs: [to],
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
  });
  const bias = (): Tensor => ({
    dtype: 'int32',
    shape: [4],
    data: Int32Array.from({ length: 4 }, () => random.integer(-2000, 2000)),
  });
  const bytes = buildModel({
    inputs: [{ name: 'x', dtype: 'int8', shape: [1, 3, 6, 6] }],
    outputs: [{ name: 'y', dtype: 'int8', shape: [1, 4, 6, 6] }],
    initializers: [
      { name: 's', tensor: scalar(0.05) },
      { name: 'z', tensor: zero(3) },
      { name: 'sw', tensor: scalar(0.01) },
      { name: 'zw', tensor: zero(0) },
      { name: 'a_s', tensor: scalar(0.12) },
      { name: 'b_s', tensor: scalar(0.31) },
      { name: 'y_s', tensor: scalar(0.29) },
      { name: 'conv1_w', tensor: int8(random, [4, 3, 3, 3]) },
      { name: 'conv1_b', tensor: bias() },
      { name: 'conv2_w', tensor: int8(random, [4, 4, 3, 3]) },
      { name: 'conv2_b', tensor: bias() },
    ],
    nodes: [
      conv('conv1', 'x', 'a'),
      { ...conv('conv2', 'a', 'b'), inputs: ['a', 'a_s', 'z', 'conv2_w', 'sw', 'zw', 'b_s', 'z', 'conv2_b'] },
      { op: 'DequantizeLinear', name: 'dq_a', inputs: ['a', 'a_s', 'z'], outputs: ['a_f'] },
      { op: 'DequantizeLinear', name: 'dq_b', inputs: ['b', 'b_s', 'z'], outputs: ['b_f'] },
      { op: 'Add', name: 'add', inputs: ['a_f', 'b_f'], outputs: ['y_f'] },
      { op: 'QuantizeLinear', name: 'q_y', inputs: ['y_f', 'y_s', 'z'], outputs: ['y'] },
    ],
  });
  return { fileName: 'branch.onnx', bytes };
}

/** A sliding window with state: past int8 [1,4] joined with x int8 [1,2] gives y = MatMul and the next past, the last 4. */
export function streamModel(seed = 1): ModelSource {
  const random = new Random(seed);
  const ints = (...values: number[]): Tensor => ({
    dtype: 'int64',
    shape: [values.length],
    data: BigInt64Array.from(values, BigInt),
  });
  const bytes = buildModel({
    inputs: [
      { name: 'x', dtype: 'int8', shape: [1, 2] },
      { name: 'past', dtype: 'int8', shape: [1, 4] },
    ],
    outputs: [
      { name: 'y', dtype: 'int8', shape: [1, 3] },
      { name: 'next', dtype: 'int8', shape: [1, 4] },
    ],
    initializers: [
      { name: 's', tensor: scalar(0.05) },
      { name: 'z', tensor: zero(-7) },
      { name: 'sw', tensor: scalar(0.02) },
      { name: 'zw', tensor: zero(0) },
      { name: 'sy', tensor: scalar(0.3) },
      { name: 'w', tensor: int8(random, [6, 3]) },
      { name: 'from', tensor: ints(2) },
      { name: 'to', tensor: ints(6) },
      { name: 'axis', tensor: ints(1) },
    ],
    nodes: [
      { op: 'Concat', name: 'join', inputs: ['past', 'x'], outputs: ['window'], attributes: { axis: 1 } },
      {
        op: 'QLinearMatMul',
        name: 'fc',
        inputs: ['window', 's', 'z', 'w', 'sw', 'zw', 'sy', 'z'],
        outputs: ['y'],
      },
      { op: 'Slice', name: 'shift', inputs: ['window', 'from', 'to', 'axis'], outputs: ['next'] },
    ],
  });
  return { fileName: 'stream.onnx', bytes };
}
