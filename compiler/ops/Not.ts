import { defineOp } from './define.js';
import { count, elementwiseCall } from './shared/unary.js';

export default defineOp({
  name: 'Not',
  domain: '',
  opsets: [1],
  summary: 'bools',
  inputs: [{ name: 'X' }],
  outputs: ['Y'],
  attributes: {},
  quantized: 'float',
  infer(view) {
    const { name, dtype, shape } = view.required(0);
    if (dtype !== 'bool') view.bad(`"${name}" is ${dtype}`, { expected: 'bool' });
    return [{ dtype: 'bool', shape }];
  },
  kernels: [
    {
      function: 'nanoc_not',
      family: 'portable',
      build: (context) => {
        const call = elementwiseCall(context, 'nanoc_not', 'nanoc/logic.h');
        return { call: { ...call, arguments: [...call.arguments, count(context)] } };
      },
    },
  ],
  evaluate: (_view, [x]) => [{ ...x!, data: (x!.data as Uint8Array).map((truth) => (truth === 0 ? 1 : 0)) }],
});
