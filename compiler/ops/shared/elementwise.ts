/** What elementwise operators of two inputs share: types, broadcasting, the reference, fields and overlaps of the kernels. */
import type { Value } from '../../ir/graph.js';
import type { KernelCall, Overlap, ParamValue } from '../../ir/kernel-call.js';
import { allocate, bytesPerElement, type DataType, elementCount, type Tensor } from '../../ir/tensor.js';
import type { Law } from '../../numerics/law.js';
import { dequantize, quantize } from '../../numerics/requantize.js';
import type { Side, SideType } from '../../numerics/vendor-binary.js';
import type { Inferred, KernelOption, LowerContext, NodeView } from '../define.js';
import { clampFloat } from './convolution.js';
import { clampOf, floatClampOf, isQuantized, lawOf, perTensor } from './quantized.js';
import { broadcastShapes, broadcastStrides, forEachOffset, mergeDimensions } from './shapes.js';

/** As NANOC_OUTER_DIMS in nanoc/elementwise.h. */
export const OUTER_DIMENSIONS = 4;
const INTEGERS: readonly DataType[] = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'];

/** An operator on two numbers. */
export interface BinaryRule {
  /** float32 in, float32 out: every operation rounded. */
  float(a: number, b: number): number;
  /** On integers, for shape arithmetic; absent when the operator is for floats only. */
  integer?(a: bigint, b: bigint): bigint;
  /** On quantized numbers, in the arithmetic of vendors' kernels; absent where no vendor has one. */
  vendor?(
    sides: readonly [a: Side, b: Side, y: Side],
    clamp: readonly [number, number],
    law: Law,
    type: SideType,
  ): (p: number, q: number) => number;
}

/** Refuses types that have no kernel: what runs is float32 or quantized bytes; integers are for the compiler to compute. */
export function requireKernelType(view: NodeView, value: Value, operands: readonly (Value | undefined)[]): void {
  if (value.dtype === 'float32' || isQuantized(value)) return;
  const known = operands.every((operand) => operand === undefined || operand.constant !== undefined);
  if (known && INTEGERS.includes(value.dtype)) return;
  view.bad(`"${value.name}" is ${value.dtype}`, {
    expected: 'float32, or integers of 8 or 16 bits with a scale',
    because: INTEGERS.includes(value.dtype)
      ? 'arithmetic on plain integers is understood only where the compiler can compute it (shapes)'
      : 'there is no kernel for this type',
  });
}

/** Type and shape of a broadcasting operator. */
export function inferBinary(view: NodeView): Inferred {
  const [a, b] = [view.required(0), view.required(1)];
  if (a.dtype !== b.dtype) view.bad(`the inputs are ${a.dtype} and ${b.dtype}`, { expected: 'one type' });
  requireKernelType(view, a, [a, b]);
  return { dtype: a.dtype, shape: broadcastShapes(view, a.shape, b.shape) };
}

/** Of integers: floats give infinities. */
export function refuseZeroDivisor(view: NodeView, b: Tensor): void {
  if (b.dtype !== 'float32' && b.data.some((divisor: number | bigint) => Number(divisor) === 0))
    view.bad(`an integer of "${view.required(1).name}" is 0`, { expected: 'divisors other than 0' });
}

/** Applies the rule: on quantized values Q(f(DQ(a), DQ(b))), with the attribute `clamp`. */
export function evaluateBinary(view: NodeView, a: Tensor, b: Tensor, rule: BinaryRule): Tensor {
  const y = view.output(0);
  const data = allocate(y.dtype, elementCount(y.shape));
  const combine = combiner(view, rule);
  const strides = [broadcastStrides(a.shape, y.shape), broadcastStrides(b.shape, y.shape)];
  forEachOffset(y.shape, strides, (position, [i, j]) => {
    data[position] = combine(a.data[i!]!, b.data[j!]!) as number;
  });
  return { dtype: y.dtype, shape: y.shape, data };
}

function combiner(view: NodeView, rule: BinaryRule): (a: number | bigint, b: number | bigint) => number | bigint {
  const [a, y] = [view.required(0), view.output(0)];
  if (isQuantized(a)) {
    const law = quantizedRule(view, rule);
    return (p, q) => law(Number(p), Number(q));
  }
  if (y.dtype === 'float32') {
    const [low, high] = floatClampOf(view) ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    return (p, q) => clampFloat(rule.float(Number(p), Number(q)), low, high);
  }
  return (p, q) => wrap(y.dtype, integerRule(view, rule)(BigInt(p), BigInt(q)));
}

function integerRule(view: NodeView, rule: BinaryRule): (a: bigint, b: bigint) => bigint {
  return rule.integer ?? view.bad(`is for floats, and "${view.required(0).name}" is ${view.required(0).dtype}`);
}

/** An integer as an element of this type, modulo its size: a bigint for the 64-bit types. */
export function wrap(dtype: DataType, x: bigint): number | bigint {
  const bits = 8 * bytesPerElement(dtype);
  const wrapped = dtype.startsWith('u') ? BigInt.asUintN(bits, x) : BigInt.asIntN(bits, x);
  return bits === 64 ? wrapped : Number(wrapped);
}

/** The law of a quantized operator on two quantized numbers. */
export function quantizedRule(view: NodeView, rule: BinaryRule): (a: number, b: number) => number {
  const [a, b] = [perTensor(view.required(0)), perTensor(view.required(1))];
  const y = perTensor(view.output(0));
  const [low, high] = clampOf(view, view.output(0));
  const law = lawOf(view);
  if (law !== undefined && rule.vendor !== undefined) {
    return rule.vendor([a, b, y], [low, high], law, view.required(0).dtype === 'int16' ? 'int16' : 'int8');
  }
  return (p, q) => {
    const real = rule.float(dequantize(p, a.scale, a.zeroPoint), dequantize(q, b.scale, b.zeroPoint));
    return quantize(real, y.scale, y.zeroPoint, low, high);
  };
}

/** Fields of `nanoc_broadcast` (nanoc/elementwise.h). */
export function broadcastFields(view: NodeView): Record<string, ParamValue> {
  const { shape } = view.output(0);
  const strides = [0, 1].map((index) => broadcastStrides(view.required(index).shape, shape));
  const merged = mergeDimensions(shape, strides);
  const [count, a, b] = [merged.shape.pop() ?? 1, merged.strides[0]!.pop() ?? 1, merged.strides[1]!.pop() ?? 1];
  if (merged.shape.length > OUTER_DIMENSIONS) {
    view.bad(`the inputs repeat along [${shape}] in more than ${OUTER_DIMENSIONS + 1} groups of dimensions`, {
      help: 'expand one of the inputs, or drop dimensions with Reshape',
    });
  }
  return {
    rows: { int: elementCount(merged.shape) },
    count: { int: count },
    a_step: { int: a },
    b_step: { int: b },
    size: outerSteps(merged.shape, 1),
    a_steps: outerSteps(merged.strides[0]!, 0),
    b_steps: outerSteps(merged.strides[1]!, 0),
  };
}

/** Whether both inputs are walked in the order of y along the innermost dimension. */
export function walksDense(view: NodeView): boolean {
  const { a_step: a, b_step: b } = broadcastFields(view) as Record<string, { readonly int: number }>;
  return a!.int === 1 && b!.int === 1;
}

/** One number for each of NANOC_OUTER_DIMS dimensions, the fastest first, filled up with `fill`. */
export function outerSteps(list: readonly number[], fill: number): ParamValue {
  return { ints: [...[...list].reverse(), ...Array<number>(OUTER_DIMENSIONS - list.length).fill(fill)] };
}

/** An input of the output's own shape is read at the element that is written. */
export function binaryOverlaps(view: NodeView): Overlap[] {
  const y = view.output(0);
  const same = [view.required(0), view.required(1)].filter((x) => elementCount(x.shape) === elementCount(y.shape));
  const names = [...new Set(same.filter((x) => x.constant === undefined).map((x) => x.name))];
  return names.map((input) => ({ input, output: y.name, lead: 0 }));
}

/** A call of (a, b, y, params). */
export function binaryCall(
  context: LowerContext,
  name: string,
  fields: Record<string, ParamValue>,
  extra: Partial<KernelCall> = {},
): KernelCall {
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/elementwise.h',
    sources: [`portable/${name}.c`],
    arguments: [
      { kind: 'value', value: context.required(0).name, access: 'read' },
      { kind: 'value', value: context.required(1).name, access: 'read' },
      { kind: 'value', value: context.output(0).name, access: 'write' },
      { kind: 'params', struct: `${name}_params`, fields },
    ],
    overlaps: binaryOverlaps(context),
    macs: 0,
    ...extra,
  };
}

/** A float kernel of two inputs; `sources` are the functions that it calls. */
export function floatBinaryCall(context: LowerContext, name: string, sources: readonly string[] = []): KernelCall {
  const [low, high] = floatClampOf(context) ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const fields = { shape: { fields: broadcastFields(context) }, low: { float: low }, high: { float: high } };
  const call = binaryCall(context, name, fields, { alignment: 4 });
  const params = call.arguments.map((argument) =>
    argument.kind === 'params' ? { ...argument, struct: 'nanoc_binary_f32_params' } : argument,
  );
  return { ...call, arguments: params, sources: [...call.sources, ...sources] };
}

/** Add, Sub (sign -1: a sum with -b) and Mul of halfwords. */
export function halfwordsKernel(stem: 'add' | 'mul', sign: 1 | -1 = 1): KernelOption {
  const name = `nanoc_${stem}_s16`;
  return {
    function: name,
    family: 'portable',
    takes: 'int16',
    build: (context) => {
      const [a, b, y] = [perTensor(context.required(0)), perTensor(context.required(1)), perTensor(context.output(0))];
      const [low, high] = clampOf(context, context.output(0));
      const fields: Record<string, ParamValue> = {
        shape: { fields: broadcastFields(context) },
        a_zero: { int: a.zeroPoint },
        b_zero: { int: b.zeroPoint },
        y_zero: { int: y.zeroPoint },
        low: { int: low },
        high: { int: high },
        a_scale: { float: a.scale },
        b_scale: { float: sign * b.scale },
        y_scale: { float: y.scale },
      };
      const call = binaryCall(context, name, fields, { alignment: 2 });
      const named = call.arguments.map((argument) =>
        argument.kind === 'params' ? { ...argument, struct: 'nanoc_binary_s16_params' } : argument,
      );
      return { call: { ...call, arguments: named } };
    },
  };
}

/** For `when`: true for float32, else why not. */
export function isFloat(context: NodeView): true | string {
  const { dtype } = context.output(0);
  return dtype === 'float32' || `${dtype} is computed only where the compiler knows the inputs`;
}

/** For `when`: true for quantized int8 inputs and output. */
export function isQuantizedInt8(context: NodeView): true | string {
  const values = [...context.node.inputs.keys()].flatMap((index) => context.input(index) ?? []);
  const bytes = [...values, context.output(0)].every((value) => value.dtype === 'int8' && isQuantized(value));
  return bytes || 'the values are not quantized int8';
}
