import { defineOp } from './define.js';

export default defineOp({
  name: 'Not',
  domain: '',
  opsets: [1],
  summary: 'where the compiler knows the input (shape arithmetic)',
  inputs: [{ name: 'X' }],
  outputs: ['Y'],
  attributes: {},
  quantized: 'float',
  infer(view) {
    const { name, dtype, shape } = view.required(0);
    if (dtype !== 'bool') view.bad(`"${name}" is ${dtype}`, { expected: 'bool' });
    return [{ dtype: 'bool', shape }];
  },
  evaluate: (_view, [x]) => [{ ...x!, data: (x!.data as Uint8Array).map((truth) => (truth === 0 ? 1 : 0)) }],
});
