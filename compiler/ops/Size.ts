import { elementCount } from '../ir/tensor.js';
import { defineOp } from './define.js';

export default defineOp({
  name: 'Size',
  domain: '',
  opsets: [1, 13, 19, 21, 23, 24],
  summary: 'a constant, since all shapes are known when the model is compiled',
  inputs: [{ name: 'data' }],
  outputs: ['size'],
  attributes: {},
  quantized: 'float',
  infer: () => [{ dtype: 'int64', shape: [] }],
  evaluate: (_, [x]) => [{ dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(elementCount(x!.shape))) }],
});
