/** QLinear forms (com.microsoft) of elementwise operators: they become the operator between DequantizeLinear and QuantizeLinear. */
import type { AttributeValue } from '../../ir/graph.js';
import { defineOp, type NodeView, type OperatorDefinition } from '../define.js';
import { expandQLinear } from './rewrite.js';

/** Inputs X, X_scale, X_zero_point, Y_scale, Y_zero_point. */
export const unaryInputs = [
  { name: 'X' },
  { name: 'X_scale' },
  { name: 'X_zero_point', optional: true },
  { name: 'Y_scale' },
  { name: 'Y_zero_point', optional: true },
];

/** The result has the type of its zero point; without one, that of the input. */
export function quantizedType(view: NodeView, zeroPoint: number) {
  const x = view.required(0);
  if (x.dtype !== 'int8' && x.dtype !== 'uint8') view.bad(`"${x.name}" is ${x.dtype}`, { expected: 'int8 or uint8' });
  return view.input(zeroPoint)?.dtype ?? x.dtype;
}

/** Expands a node with `unaryInputs` into DQ -> operator -> Q. */
export function defineQLinearUnary(
  operator: OperatorDefinition,
  attributesOf: (view: NodeView) => Readonly<Record<string, AttributeValue>> = () => ({}),
): OperatorDefinition {
  return defineOp({
    name: `QLinear${operator.name}`,
    domain: 'com.microsoft',
    opsets: [1],
    summary: `becomes ${operator.name}`,
    inputs: unaryInputs,
    outputs: ['Y'],
    attributes: operator.attributes,
    quantized: 'table',
    infer: (view) => [{ dtype: quantizedType(view, 4), shape: view.required(0).shape }],
    normalize: (view, editor) => expandQLinear(view, editor, operator.name, [[0, 1, 2]], [3, 4], attributesOf(view)),
  });
}
