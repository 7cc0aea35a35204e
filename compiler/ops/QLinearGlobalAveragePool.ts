import { defineOp } from './define.js';
import { expandPool } from './shared/qoperator.js';

/** com.microsoft.QLinearGlobalAveragePool: becomes AveragePool between DequantizeLinear and QuantizeLinear. */
export default defineOp({
  name: 'QLinearGlobalAveragePool',
  domain: 'com.microsoft',
  opsets: [1],
  summary: 'becomes AveragePool; also with channels_last',
  inputs: [{ name: 'X' }, { name: 'x_scale' }, { name: 'x_zero_point' }, { name: 'y_scale' }, { name: 'y_zero_point' }],
  outputs: ['Y'],
  attributes: { channels_last: { type: 'int', default: 0 } },
  quantized: 'integer',
  infer(view) {
    const { dtype, shape } = view.required(0);
    const last = view.int('channels_last') !== 0;
    if (shape.length < 3 || (last && shape.length !== 4)) {
      view.bad(`the input has ${shape.length} dimensions`, {
        expected: last ? '4 (N, H, W, C)' : 'at least 3 (N, C, ...)',
      });
    }
    const channelAxis = last ? shape.length - 1 : 1;
    return [{ dtype, shape: shape.map((size, axis) => (axis === 0 || axis === channelAxis ? size : 1)) }];
  },
  normalize: (view, editor) => expandPool(view, editor, 'GlobalAveragePool', {}),
});
