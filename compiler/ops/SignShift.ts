import { allocate, bytesPerElement, type DataType, integerRange, signOffset } from '../ir/tensor.js';
import { defineOp } from './define.js';
import { count, elementwiseCall } from './shared/unary.js';

/** uint8 <-> int8 of 128 less: XOR 0x80; uint16 <-> int16 of 32768 less. The same real numbers, since the zero point moves too (signed-activations). */
export default defineOp({
  name: 'SignShift',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'uint8 and uint16 inputs and outputs of a graph to and from the signed type that kernels know, in place',
  inputs: [{ name: 'X' }],
  outputs: ['Y'],
  attributes: {},
  quantized: 'float',
  infer: (view) => {
    const { dtype, shape } = view.required(0);
    return [{ dtype: shifted(dtype), shape }];
  },
  evaluate: (_view, [x]) => {
    const dtype = shifted(x!.dtype);
    const [low] = integerRange(dtype);
    const offset = low < 0 ? low : signOffset(dtype);
    const data = allocate(dtype, x!.data.length);
    x!.data.forEach((element: number | bigint, i: number) => void (data[i] = Number(element) + offset));
    return [{ dtype, shape: x!.shape, data }];
  },
  kernels: [
    {
      function: 'nanoc_sign_shift',
      family: 'portable',
      build: (context) => {
        const isHalfword = bytesPerElement(context.output(0).dtype) === 2;
        const name = isHalfword ? 'nanoc_sign_shift_16' : 'nanoc_sign_shift';
        const call = elementwiseCall(context, name, 'nanoc/table.h');
        const alignment = isHalfword ? { alignment: 2 } : {};
        return { call: { ...call, ...alignment, arguments: [...call.arguments, count(context)] } };
      },
    },
  ],
});

function shifted(dtype: DataType) {
  if (bytesPerElement(dtype) === 2) return dtype === 'uint16' ? 'int16' : 'uint16';
  return dtype === 'uint8' ? 'int8' : 'uint8';
}
