import { allocate, type DataType, elementCount, type Tensor } from '../ir/tensor.js';
import { withMve } from '../kernels/arm-mve/layers.js';
import { cmsisMaxPool, cmsisMaxPoolS16 } from '../kernels/cmsis-nn/pool.js';
import { espMaxPool } from '../kernels/esp-nn/pool.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import * as pool from './shared/pool.js';
import { resultOf } from './shared/quantized.js';

export default defineOp({
  name: 'MaxPool',
  domain: '',
  opsets: [1, 8, 10, 11, 12, 22],
  summary: '1-D and 2-D; dilations, ceil_mode, auto_pad; without the output Indices',
  inputs: [{ name: 'X' }],
  outputs: ['Y'],
  attributes: { ...pool.poolAttributes, storage_order: { type: 'int', default: 0 } },
  quantized: 'moves-data',
  infer(view) {
    if (view.node.outputs[1]) view.bad('output 1 "Indices" is not supported');
    return [pool.inferPool(view)];
  },
  normalize: (view, editor) => pool.normalizePool(view, editor),
  evaluate: (view, [x]) => [evaluateMaxPool(view, x!)],
  kernels: withMve([
    espMaxPool,
    cmsisMaxPool,
    cmsisMaxPoolS16,
    {
      function: 'nanoc_max_pool_s8',
      family: 'portable',
      when: (context) => context.required(0).dtype === 'int8' || `the input is ${context.required(0).dtype}`,
      build: (context) => ({ call: call(context, 'nanoc_max_pool_s8') }),
    },
    {
      function: 'nanoc_max_pool_s16',
      family: 'portable',
      when: (context) => context.required(0).dtype === 'int16' || `the input is ${context.required(0).dtype}`,
      build: (context) => ({ call: call(context, 'nanoc_max_pool_s16') }),
    },
    {
      function: 'nanoc_max_pool_f32',
      family: 'portable',
      when: (context) => context.required(0).dtype === 'float32' || `the input is ${context.required(0).dtype}`,
      build: (context) => ({ call: call(context, 'nanoc_max_pool_f32') }),
    },
  ]),
});

/** What a window that lies in the padding alone gives: the lowest value, as in ONNX Runtime. */
const LOWEST: Partial<Record<DataType, number>> = {
  int8: -128,
  uint8: 0,
  int16: -32768,
  uint16: 0,
  float32: -3.4028234663852886e38,
};

function evaluateMaxPool(view: NodeView, x: Tensor): Tensor {
  const { shape, window } = pool.poolGeometry(view);
  const lowest = LOWEST[x.dtype] ?? view.bad(`the input is ${x.dtype}`, { expected: 'float32 or a quantized type' });
  const data = allocate(x.dtype, elementCount(view.output(0).shape));
  pool.forEachWindow(shape, window, (position, taps) => {
    let largest = lowest;
    for (const tap of taps) if (Number(x.data[tap]) > largest) largest = Number(x.data[tap]);
    data[position] = largest;
  });
  return resultOf(view, data);
}

function call(context: LowerContext, name: string) {
  const { shape } = context.required(0);
  const window = pool.loweredWindow(context);
  return pool.poolCall(context, name, 'nanoc_window', pool.windowFields(shape, window), shape, window);
}
