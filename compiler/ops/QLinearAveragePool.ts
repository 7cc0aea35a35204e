import averagePool from './AveragePool.js';
import { defineOp, type NodeView } from './define.js';
import { expandPool } from './shared/qoperator.js';

const TO_NCHW = [0, 3, 1, 2];
const TO_NHWC = [0, 2, 3, 1];

/** com.microsoft.QLinearAveragePool: becomes AveragePool between DequantizeLinear and QuantizeLinear. */
export default defineOp({
  name: 'QLinearAveragePool',
  domain: 'com.microsoft',
  opsets: [1],
  summary: 'becomes AveragePool; also with channels_last',
  inputs: [
    { name: 'X' },
    { name: 'x_scale' },
    { name: 'x_zero_point', optional: true },
    { name: 'y_scale' },
    { name: 'y_zero_point', optional: true },
  ],
  outputs: ['Y'],
  attributes: { ...averagePool.attributes, channels_last: { type: 'int', default: 0 } },
  quantized: 'integer',
  infer(view) {
    const x = view.required(0);
    if (view.int('channels_last') === 0) return [{ dtype: x.dtype, shape: averagePool.infer(view)[0]!.shape }];
    if (x.shape.length !== 4)
      view.bad(`the input has ${x.shape.length} dimensions`, { expected: '4 (N, H, W, C), as channels_last says' });
    const turned: NodeView = { ...view, required: () => ({ ...x, shape: TO_NCHW.map((axis) => x.shape[axis]!) }) };
    const { shape } = averagePool.infer(turned)[0]!;
    return [{ dtype: x.dtype, shape: TO_NHWC.map((axis) => shape[axis]!) }];
  },
  normalize(view, editor) {
    const { channels_last: _, ...attributes } = view.node.attributes;
    expandPool(view, editor, 'AveragePool', attributes);
  },
});
