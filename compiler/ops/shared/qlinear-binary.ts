import { defineOp, type OperatorDefinition } from '../define.js';
import { quantizedType } from './qlinear-elementwise.js';
import { expandQLinear } from './rewrite.js';
import { broadcastShapes } from './shapes.js';

/** com.microsoft.QLinearAdd and QLinearMul: A, A_scale, A_zero_point, B, B_scale, B_zero_point, C_scale, C_zero_point. */
export function defineQLinearBinary(operator: 'Add' | 'Mul'): OperatorDefinition {
  const parameters = (name: string) => [{ name: `${name}_scale` }, { name: `${name}_zero_point`, optional: true }];
  return defineOp({
    name: `QLinear${operator}`,
    domain: 'com.microsoft',
    opsets: [1],
    summary: `becomes ${operator}`,
    inputs: [{ name: 'A' }, ...parameters('A'), { name: 'B' }, ...parameters('B'), ...parameters('C')],
    outputs: ['C'],
    attributes: {},
    quantized: 'integer',
    infer: (view) => [
      { dtype: quantizedType(view, 7), shape: broadcastShapes(view, view.required(0).shape, view.required(3).shape) },
    ],
    normalize: (view, editor) =>
      expandQLinear(
        view,
        editor,
        operator,
        [
          [0, 1, 2],
          [3, 4, 5],
        ],
        [6, 7],
      ),
  });
}
