/** The only list of operators. A new operator is its file and a line here. */

import constant from './Constant.js';
import constantOfShape from './ConstantOfShape.js';
import conv from './Conv.js';
import convTranspose from './ConvTranspose.js';
import dropout from './Dropout.js';
import type { OperatorDefinition } from './define.js';
import flatten from './Flatten.js';
import gemm from './Gemm.js';
import identity from './Identity.js';
import matMul from './MatMul.js';
import range from './Range.js';
import reshape from './Reshape.js';
import shape from './Shape.js';
import size from './Size.js';
import slice from './Slice.js';
import split from './Split.js';
import squeeze from './Squeeze.js';
import transpose from './Transpose.js';
import unsqueeze from './Unsqueeze.js';

export const operators: readonly OperatorDefinition[] = [
  constant,
  constantOfShape,
  matMul,
  gemm,
  convTranspose,
  conv,
  dropout,
  flatten,
  identity,
  range,
  reshape,
  shape,
  size,
  slice,
  split,
  squeeze,
  transpose,
  unsqueeze,
];

const byName = new Map(operators.map((operator) => [`${operator.domain}:${operator.name}`, operator]));

/** The description of an operator, or undefined when nanoc does not know it. `ai.onnx` is ''. */
export function findOperator(domain: string, name: string): OperatorDefinition | undefined {
  return byName.get(`${domain === 'ai.onnx' ? '' : domain}:${name}`);
}

/** The description of a canonical node; a missing one is a defect. */
export function operatorOf(node: {
  readonly domain: string;
  readonly op: string;
  readonly name: string;
}): OperatorDefinition {
  const found = findOperator(node.domain, node.op);
  if (found === undefined) throw new Error(`invariant: no operator ${node.domain}:${node.op} (node "${node.name}")`);
  return found;
}
