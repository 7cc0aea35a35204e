import { mveBinary } from '../kernels/arm-mve/binary-kernel.js';
import { cmsisAdd } from '../kernels/cmsis-nn/binary.js';
import { vendorSum } from '../numerics/vendor-binary.js';
import { defineOp } from './define.js';
import {
  type BinaryRule,
  evaluateBinary,
  floatBinaryCall,
  halfwordsKernel,
  inferBinary,
  isFloat,
  isQuantizedInt8,
} from './shared/elementwise.js';
import { sumCall } from './shared/quantized-sum.js';

const rule: BinaryRule = {
  float: (a, b) => Math.fround(a + b),
  integer: (a, b) => a + b,
  vendor: vendorSum,
};

/** Quantized: Q(DQ(a) + DQ(b)), each step in float32 (docs/NUMERICS.md). */
export default defineOp({
  name: 'Add',
  domain: '',
  opsets: [7, 13, 14],
  summary: 'ONNX broadcasting; quantized: two tensors of 8 or of 16 bits, each with its own scale',
  inputs: [{ name: 'A' }, { name: 'B' }],
  outputs: ['C'],
  attributes: {},
  quantized: 'integer',
  infer: (view) => [inferBinary(view)],
  evaluate: (view, [a, b]) => [evaluateBinary(view, a!, b!, rule)],
  kernels: [
    cmsisAdd(rule),
    cmsisAdd(rule, 'int16'),
    mveBinary({ function: 'nanoc_add_float_mve_s8', rule, sign: 1 }, (context) => sumCall(context, rule, 1)),
    {
      function: 'nanoc_add_s8',
      family: 'portable',
      when: isQuantizedInt8,
      build: (context) => ({ call: sumCall(context, rule, 1) }),
    },
    {
      function: 'nanoc_add_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({ call: floatBinaryCall(context, 'nanoc_add_f32') }),
    },
    halfwordsKernel('add'),
  ],
});
