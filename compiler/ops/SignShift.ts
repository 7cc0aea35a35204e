import { defineOp } from './define.js';
import { count, elementwiseCall } from './shared/unary.js';

/** uint8 <-> int8 of 128 less: XOR 0x80. The same real numbers, since the zero point moves too (signed-activations). */
export default defineOp({
  name: 'SignShift',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'uint8 inputs and outputs of a graph to and from the int8 that kernels know, in place',
  inputs: [{ name: 'X' }],
  outputs: ['Y'],
  attributes: {},
  quantized: 'float',
  infer: (view) => {
    const { dtype, shape } = view.required(0);
    return [{ dtype: dtype === 'uint8' ? 'int8' : 'uint8', shape }];
  },
  evaluate: (_view, [x]) => {
    const shifted = (x!.data as Uint8Array).map((byte) => byte ^ 0x80);
    const data = x!.dtype === 'uint8' ? new Int8Array(shifted.buffer) : new Uint8Array(shifted.buffer);
    return [{ dtype: x!.dtype === 'uint8' ? 'int8' : 'uint8', shape: x!.shape, data }];
  },
  kernels: [
    {
      function: 'nanoc_sign_shift',
      family: 'portable',
      build: (context) => {
        const call = elementwiseCall(context, 'nanoc_sign_shift', 'nanoc/table.h');
        return { call: { ...call, arguments: [...call.arguments, count(context)] } };
      },
    },
  ],
});
