import { elementCount, type Tensor } from '../ir/tensor.js';
import { quantize } from '../numerics/requantize.js';
import { defineOp } from './define.js';

const f = Math.fround;

/**
 * DynamicQuantizeLinear-11: y_scale = (max(x, 0) - min(x, 0)) / 255, y_zero_point = round_half_even(-min(x, 0) / y_scale), y = saturate(round_half_even(x / y_scale) + y_zero_point).
 * Where all is 0 the scale is 1, as in ONNX Runtime. NaN counts for neither end.
 */
export default defineOp({
  name: 'DynamicQuantizeLinear',
  domain: '',
  opsets: [11],
  summary: 'float32 to uint8, with the scale and zero point of the whole tensor',
  inputs: [{ name: 'x' }],
  outputs: ['y', 'y_scale', 'y_zero_point'],
  attributes: {},
  quantized: 'float',
  infer(view) {
    const { name, dtype, shape } = view.required(0);
    if (dtype !== 'float32') view.bad(`"${name}" is ${dtype}`, { expected: 'float32' });
    return [
      { dtype: 'uint8', shape },
      { dtype: 'float32', shape: [] },
      { dtype: 'uint8', shape: [] },
    ];
  },
  evaluate: (_, [x]) => quantizeTensor(x!),
  kernels: [
    {
      function: 'nanoc_dynamic_quantize',
      family: 'portable',
      build(context) {
        const [x, ...outputs] = [context.required(0), ...[0, 1, 2].map((index) => context.output(index))];
        return {
          call: {
            node: context.node,
            family: 'portable',
            function: 'nanoc_dynamic_quantize',
            header: 'nanoc/integer_product.h',
            sources: ['portable/nanoc_dynamic_quantize.c'],
            arguments: [
              { kind: 'value', value: x!.name, access: 'read' },
              ...outputs.map(({ name }) => ({ kind: 'value', value: name, access: 'write' }) as const),
              { kind: 'int', value: elementCount(x!.shape) },
            ],
            overlaps: [],
            alignment: 4,
            macs: 0,
          },
        };
      },
    },
  ],
});

function quantizeTensor({ data, shape }: Tensor): Tensor[] {
  let [least, most] = [0, 0];
  for (const value of data as Float32Array) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const scale = least === most ? 1 : f(f(most - least) / 255);
  const zero = quantize(0 - least, scale, 0, 0, 255);
  return [
    { dtype: 'uint8', shape, data: Uint8Array.from(data as Float32Array, (x) => quantize(x, scale, zero, 0, 255)) },
    { dtype: 'float32', shape: [], data: Float32Array.of(scale) },
    { dtype: 'uint8', shape: [], data: Uint8Array.of(zero) },
  ];
}
