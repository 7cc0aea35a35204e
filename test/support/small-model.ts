import type { Tensor } from '../../compiler/ir/tensor.js';
import { type BuilderModel, buildModel } from './onnx-builder.js';

const scalar = (dtype: 'float32' | 'int8' | 'int32', value: number): Tensor => ({
  dtype,
  shape: [],
  data: dtype === 'float32' ? Float32Array.of(value) : dtype === 'int8' ? Int8Array.of(value) : Int32Array.of(value),
});

/**
 * A quantized model that compiles in milliseconds, QDQ form: `x` int8[1,2,5,5] -> 3x3 convolution with 3 channels, Relu -> `y` int8[1,3,3,3].
 */
export const smallModel: BuilderModel = {
  inputs: [{ name: 'x', dtype: 'int8', shape: [1, 2, 5, 5] }],
  outputs: [{ name: 'y', dtype: 'int8', shape: [1, 3, 3, 3] }],
  initializers: [
    { name: 'x_scale', tensor: scalar('float32', 0.05) },
    { name: 'x_zero', tensor: scalar('int8', -3) },
    { name: 'w_scale', tensor: scalar('float32', 0.01) },
    { name: 'w_zero', tensor: scalar('int8', 0) },
    { name: 'b_scale', tensor: scalar('float32', Math.fround(Math.fround(0.05) * Math.fround(0.01))) },
    { name: 'b_zero', tensor: scalar('int32', 0) },
    { name: 'y_scale', tensor: scalar('float32', 0.04) },
    { name: 'y_zero', tensor: scalar('int8', -128) },
    {
      name: 'w',
      tensor: {
        dtype: 'int8',
        shape: [3, 2, 3, 3],
        data: Int8Array.from({ length: 54 }, (_, i) => ((i * 37) % 255) - 127),
      },
    },
    { name: 'b', tensor: { dtype: 'int32', shape: [3], data: Int32Array.of(-500, 0, 700) } },
  ],
  nodes: [
    { op: 'DequantizeLinear', name: 'x_dq', inputs: ['x', 'x_scale', 'x_zero'], outputs: ['x_real'] },
    { op: 'DequantizeLinear', name: 'w_dq', inputs: ['w', 'w_scale', 'w_zero'], outputs: ['w_real'] },
    { op: 'DequantizeLinear', name: 'b_dq', inputs: ['b', 'b_scale', 'b_zero'], outputs: ['b_real'] },
    { op: 'Conv', name: 'conv', inputs: ['x_real', 'w_real', 'b_real'], outputs: ['c_real'] },
    { op: 'Relu', name: 'relu', inputs: ['c_real'], outputs: ['r_real'] },
    { op: 'QuantizeLinear', name: 'y_q', inputs: ['r_real', 'y_scale', 'y_zero'], outputs: ['y'] },
  ],
};

/** The bytes of the small model, with parts of it replaced. */
export function smallModelBytes(change: Partial<BuilderModel> = {}): Uint8Array {
  return buildModel({ ...smallModel, ...change });
}
