/** ReduceMean, ReduceSum, ReduceMax and ReduceMin. */
import type { GraphEditor } from '../../ir/builders.js';
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import { allocate, bytesPerElement, elementCount, type Tensor } from '../../ir/tensor.js';
import { averageScale, requantize } from '../../numerics/requantize.js';
import { defineOp, type KernelOption, type LowerContext, type NodeView, type OperatorDefinition } from '../define.js';
import { isQuantized, perTensor, resultOf } from './quantized.js';
import { axesOf, forEachOffset, mergeDimensions, padLeft, stridesOf } from './shapes.js';

export type ReduceKind = 'Sum' | 'Mean' | 'Max' | 'Min';

/** nanoc_reduce_kind of nanoc/reduce.h. */
const KINDS: readonly ReduceKind[] = ['Sum', 'Mean', 'Max', 'Min'];
/** NANOC_REDUCE_RANK of nanoc/reduce.h. */
const RANK = 4;

/** The description of Reduce<kind>. Canonical: attributes `axes` (ascending) and `keepdims`, one input. */
export function reduceOperator(kind: ReduceKind, faster: readonly KernelOption[] = []): OperatorDefinition {
  const extreme = kind === 'Max' || kind === 'Min';
  return defineOp({
    name: `Reduce${kind}`,
    domain: '',
    opsets: extreme ? [1, 11, 12, 13, 18, 20] : [1, 11, 13, ...(kind === 'Mean' ? [18] : [])],
    summary: 'any constant axes, keepdims',
    inputs: [{ name: 'data' }, { name: 'axes', optional: true, mustBeConstant: true }],
    outputs: ['reduced'],
    attributes: {
      axes: { type: 'ints' },
      keepdims: { type: 'int', default: 1 },
      noop_with_empty_axes: { type: 'int', default: 0 },
    },
    quantized: extreme ? 'moves-data' : 'integer',
    bytesOnly: true,
    infer(view) {
      const { dtype, shape } = view.required(0);
      const axes = reducedAxes(view);
      const kept = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
      return [{ dtype, shape: view.int('keepdims') === 1 ? kept : shape.filter((_, axis) => !axes.includes(axis)) }];
    },
    normalize: normalizeReduce,
    evaluate: (view, [x]) => [evaluateReduce(view, x!, kind)],
    kernels: [...faster, ...kernelsOf(kind)],
  });
}

/** Ascending. Without axes all dimensions are reduced, or none (noop_with_empty_axes). */
export function reducedAxes(view: NodeView): number[] {
  const rank = view.required(0).shape.length;
  const axes = axesOf(view, 1, rank) ?? [];
  if (axes.length > 0) return [...new Set(axes)].sort((a, b) => a - b);
  const none = Number(view.node.attributes.noop_with_empty_axes ?? 0) === 1;
  return none ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

function normalizeReduce(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const axes = reducedAxes(view);
  if (axes.length === 0) {
    editor.replaceNode(node, { ...node, op: 'Reshape', inputs: [node.inputs[0]!], attributes: {} });
    return;
  }
  if (node.inputs.length === 1 && view.has('axes') && view.has('keepdims') && view.ints('axes').join() === axes.join())
    return;
  editor.replaceNode(node, {
    ...node,
    inputs: [node.inputs[0]!],
    attributes: { axes, keepdims: view.int('keepdims') },
  });
}

interface Geometry {
  readonly kept: readonly number[];
  readonly keptStrides: readonly number[];
  readonly reduced: readonly number[];
  readonly reducedStrides: readonly number[];
  readonly count: number;
}

function geometry(view: NodeView): Geometry {
  const { shape } = view.required(0);
  const axes = reducedAxes(view);
  const strides = stridesOf(shape);
  const pick = <T>(list: readonly T[], wanted: boolean) => list.filter((_, axis) => axes.includes(axis) === wanted);
  const reduced = pick(shape, true);
  return {
    kept: pick(shape, false),
    keptStrides: pick(strides, false),
    reduced,
    reducedStrides: pick(strides, true),
    count: elementCount(reduced),
  };
}

/** Float sums run over the elements in row-major order. */
function evaluateReduce(view: NodeView, x: Tensor, kind: ReduceKind): Tensor {
  const { kept, keptStrides, reduced, reducedStrides, count } = geometry(view);
  const data = allocate(x.dtype, elementCount(view.output(0).shape));
  const finish = finisher(view, kind, count);
  const float = x.dtype === 'float32';
  forEachOffset(kept, [keptStrides], (position, [start]) => {
    let result = kind === 'Max' || kind === 'Min' ? Number(x.data[start!]) : 0;
    forEachOffset(reduced, [reducedStrides], (_, [offset]) => {
      const element = Number(x.data[start! + offset!]);
      const better = kind === 'Max' ? element > result : element < result;
      if (kind === 'Max' || kind === 'Min') result = better ? element : result;
      else result = float ? Math.fround(result + element) : result + element;
    });
    const number = finish(result);
    data[position] = data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(number) : number;
  });
  return resultOf(view, data);
}

/** From the sum or extreme to the result. Integers that are not quantized keep ONNX's integer division (towards zero). */
function finisher(view: NodeView, kind: ReduceKind, count: number): (result: number) => number {
  if (kind === 'Max' || kind === 'Min') return (result) => result;
  const X = view.required(0);
  if (isQuantized(X)) {
    const [x, y] = [perTensor(X), perTensor(view.output(0))];
    const scale = sumScale(kind, x.scale, y.scale, count);
    return (sum) => requantize(sum - count * x.zeroPoint, scale, y.zeroPoint, y.low, y.high);
  }
  if (kind === 'Sum') return (sum) => sum;
  return X.dtype === 'float32' ? (sum) => Math.fround(sum / count) : (sum) => Math.trunc(sum / count);
}

function sumScale(kind: ReduceKind, inputScale: number, outputScale: number, count: number): number {
  return kind === 'Mean' ? averageScale(inputScale, outputScale, count) : averageScale(inputScale, outputScale, 1);
}

function kernelsOf(kind: ReduceKind): readonly KernelOption[] {
  const extreme = kind === 'Max' || kind === 'Min';
  const integer: KernelOption = {
    function: extreme ? 'nanoc_reduce_extreme_s8' : 'nanoc_reduce_sum_s8',
    family: 'portable',
    when: ({ required }) => required(0).dtype === 'int8' || `the input is ${required(0).dtype}`,
    build: (context) => ({ call: extreme ? extremeCall(context, kind) : sumCall(context, kind) }),
  };
  const float: KernelOption = {
    function: 'nanoc_reduce_f32',
    family: 'portable',
    when: ({ required }) => required(0).dtype === 'float32' || `the input is ${required(0).dtype}`,
    build: (context) => ({ call: floatCall(context, kind) }),
  };
  return [integer, float];
}

function reductionField(context: LowerContext): ParamValue {
  const { kept, keptStrides, reduced, reducedStrides } = geometry(context);
  const side = (shape: readonly number[], strides: readonly number[]) => {
    const merged = mergeDimensions(shape, [strides]);
    if (merged.shape.length > RANK)
      context.bad(`${merged.shape.length} separate dimensions`, { expected: `at most ${RANK}` });
    return [{ ints: padLeft(merged.shape, RANK, 1) }, { ints: padLeft(merged.strides[0]!, RANK, 0) }] as const;
  };
  const [keptSizes, keptSteps] = side(kept, keptStrides);
  const [reducedSizes, reducedSteps] = side(reduced, reducedStrides);
  return { fields: { kept: keptSizes, kept_strides: keptSteps, reduced: reducedSizes, reduced_strides: reducedSteps } };
}

function reduceCall(context: LowerContext, name: string, fields: Record<string, ParamValue>): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/reduce.h',
    sources: [`portable/${name}.c`, ...(name === 'nanoc_reduce_sum_s8' ? ['portable/nanoc_requantize.c'] : [])],
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'params', struct: `${name}_params`, fields: { reduction: reductionField(context), ...fields } },
    ],
    overlaps: [],
    alignment: bytesPerElement(x.dtype),
    macs: 0,
  };
}

function sumCall(context: LowerContext, kind: ReduceKind): KernelCall {
  const [x, y] = [perTensor(context.required(0)), perTensor(context.output(0))];
  const { count } = geometry(context);
  return reduceCall(context, 'nanoc_reduce_sum_s8', {
    x_zero_sum: { int: count * x.zeroPoint },
    scale: { float: sumScale(kind, x.scale, y.scale, count) },
    y_zero: { int: y.zeroPoint },
    low: { int: y.low },
    high: { int: y.high },
  });
}

function extremeCall(context: LowerContext, kind: ReduceKind): KernelCall {
  return reduceCall(context, 'nanoc_reduce_extreme_s8', { flip: { int: kind === 'Min' ? -1 : 0 } });
}

function floatCall(context: LowerContext, kind: ReduceKind): KernelCall {
  return reduceCall(context, 'nanoc_reduce_f32', {
    kind: { int: KINDS.indexOf(kind) },
    count: { int: geometry(context).count },
  });
}
