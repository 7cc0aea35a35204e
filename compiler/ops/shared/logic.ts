/** Comparisons and logic: two inputs of one type, a bool output. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import { bytesPerElement, type DataType, elementCount, type Tensor } from '../../ir/tensor.js';
import { defineOp, type KernelOption, type LowerContext, type NodeView, type OperatorDefinition } from '../define.js';
import { binaryCall, broadcastFields } from './elementwise.js';
import { broadcastShapes, broadcastStrides, forEachOffset } from './shapes.js';
import { C_TYPES } from './types.js';

type Element = number | bigint;

/** NANOC_LESS, NANOC_EQUAL and NANOC_GREATER (nanoc/logic.h). */
export const RELATION = { less: 1, equal: 2, greater: 4 } as const;

/** A comparison; `relations` is the sum of those for which it holds. NaN stands in none. */
export function defineComparison(name: string, opsets: readonly number[], relations: number): OperatorDefinition {
  const holds = (a: Element, b: Element) => (relations & relationOf(a, b)) !== 0;
  return defineLogic(name, opsets, 'float32, bool and integers up to int64', holds, {
    function: 'nanoc_compare',
    family: 'portable',
    when: (context) => C_TYPES[context.required(0).dtype] !== undefined || `there is no kernel for this type`,
    build: (context) => ({ call: compareCall(context, relations) }),
  });
}

/** And, Or, Xor; bit 2 * a + b of `table` is the result. */
export function defineBoolean(name: string, opsets: readonly number[], table: number): OperatorDefinition {
  const holds = (a: Element, b: Element) => ((table >> (2 * Number(a) + Number(b))) & 1) === 1;
  return defineLogic(name, opsets, 'bools', holds, {
    function: 'nanoc_logic',
    family: 'portable',
    build: (context) => ({ call: logicCall(context, 'nanoc_logic', { table: { int: table } }) }),
  });
}

function relationOf(a: Element, b: Element): number {
  if (a < b) return RELATION.less;
  if (a > b) return RELATION.greater;
  return a === b ? RELATION.equal : 0;
}

function defineLogic(
  name: string,
  opsets: readonly number[],
  types: string,
  holds: (a: Element, b: Element) => boolean,
  kernel: KernelOption,
): OperatorDefinition {
  return defineOp({
    name,
    domain: '',
    opsets,
    summary: `ONNX broadcasting; ${types}`,
    inputs: [{ name: 'A' }, { name: 'B' }],
    outputs: ['C'],
    attributes: {},
    quantized: 'float',
    infer: (view) => {
      const [a, b] = [view.required(0), view.required(1)];
      if (a.dtype !== b.dtype) view.bad(`the inputs are ${a.dtype} and ${b.dtype}`, { expected: 'one type' });
      return [{ dtype: 'bool', shape: broadcastShapes(view, a.shape, b.shape) }];
    },
    evaluate: (view, [a, b]) => [compare(view, a!, b!, holds)],
    kernels: [kernel],
  });
}

function compare(view: NodeView, a: Tensor, b: Tensor, holds: (a: Element, b: Element) => boolean): Tensor {
  const { shape } = view.output(0);
  const data = new Uint8Array(elementCount(shape));
  forEachOffset(shape, [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)], (position, [i, j]) => {
    data[position] = holds(a.data[i!]!, b.data[j!]!) ? 1 : 0;
  });
  return { dtype: 'bool', shape, data };
}

function compareCall(context: LowerContext, relations: number): KernelCall {
  const { dtype } = context.required(0);
  const call = logicCall(context, 'nanoc_compare', { type: { int: C_TYPES[dtype]! }, holds: { int: relations } });
  // A wider element would be written over before it is read.
  const overlaps = bytesPerElement(dtype as DataType) === 1 ? call.overlaps : [];
  return { ...call, overlaps, alignment: bytesPerElement(dtype) };
}

function logicCall(context: LowerContext, name: string, fields: Record<string, ParamValue>): KernelCall {
  return binaryCall(
    context,
    name,
    { shape: { fields: broadcastFields(context) }, ...fields },
    { header: 'nanoc/logic.h' },
  );
}
