import { defineOp } from './define.js';
import {
  type BinaryRule,
  evaluateBinary,
  floatBinaryCall,
  inferBinary,
  isFloat,
  refuseZeroDivisor,
} from './shared/elementwise.js';

/** Integers are divided towards zero, as ONNX Runtime does. */
const rule: BinaryRule = { float: (a, b) => Math.fround(a / b), integer: (a, b) => a / b };

export default defineOp({
  name: 'Div',
  domain: '',
  opsets: [7, 13, 14],
  summary: 'ONNX broadcasting, float32; of bytes by a single constant: a table of 256 bytes',
  inputs: [{ name: 'A' }, { name: 'B' }],
  outputs: ['C'],
  attributes: {},
  quantized: 'float',
  infer: (view) => [inferBinary(view)],
  evaluate: (view, [a, b]) => {
    refuseZeroDivisor(view, b!);
    return [evaluateBinary(view, a!, b!, rule)];
  },
  kernels: [
    {
      function: 'nanoc_div_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({ call: floatBinaryCall(context, 'nanoc_div_f32') }),
    },
  ],
});
