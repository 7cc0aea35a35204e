/** Operators of one data input that map each element by itself: a 256-byte table on bytes, a kernel on floats. */
import type { KernelCall, PackedConstant } from '../../ir/kernel-call.js';
import { allocate, bytesPerElement, type DataType, elementCount, type Tensor } from '../../ir/tensor.js';
import { withMve } from '../../kernels/arm-mve/layers.js';
import {
  type AttributeSpec,
  defineOp,
  type KernelOption,
  type LowerContext,
  type NodeView,
  type OperatorDefinition,
} from '../define.js';
import { isFloat, requireKernelType, wrap } from './elementwise.js';
import { isQuantized, mapQuantized, perTensor } from './quantized.js';

export interface UnaryDescription {
  readonly name: string;
  readonly domain?: OperatorDefinition['domain'];
  readonly opsets: readonly number[];
  readonly summary?: string;
  /** Name of the data input, X unless it is given. */
  readonly input?: string;
  readonly output?: string;
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  /** The function on float32 numbers, every operation rounded. */
  rule(view: NodeView): (x: number) => number;
  /** On integers, for shape arithmetic. */
  readonly integer?: (x: bigint) => bigint;
  /** C function on floats, and the attributes that it takes after (x, y, count). */
  readonly kernel: string;
  readonly parameters?: readonly string[];
  /** Functions that the kernel calls, such as `nanoc_exp`. */
  readonly calls?: readonly string[];
  /** It bounds its input, and does nothing else. */
  readonly clamps?: boolean;
}

export function defineUnary(description: UnaryDescription): OperatorDefinition {
  const { name, kernel, parameters = [], calls = [], integer } = description;
  return defineOp({
    name,
    domain: description.domain ?? '',
    opsets: description.opsets,
    summary: description.summary ?? 'quantized: a table of 256 bytes; float32',
    inputs: [{ name: description.input ?? 'X' }],
    outputs: [description.output ?? 'Y'],
    attributes: description.attributes ?? {},
    quantized: 'table',
    infer: (view) => [inferUnary(view)],
    evaluate: (view, [x]) => [evaluateUnary(view, x!, description.rule(view), integer)],
    kernels: [
      ...tableKernels(description.rule),
      {
        function: kernel,
        family: 'portable',
        when: isFloat,
        build: (context) => ({
          call: floatCall(
            context,
            kernel,
            parameters.map((parameter) => context.float(parameter)),
            calls,
          ),
        }),
      },
      ...(description.clamps ? [clampKernel(description.rule)] : []),
    ],
  });
}

export function inferUnary(view: NodeView) {
  const x = view.required(0);
  requireKernelType(view, x, [x]);
  return { dtype: x.dtype, shape: x.shape };
}

/** Applies the rule to floats, to quantized bytes through a table, or the integer rule to integers. */
export function evaluateUnary(
  view: NodeView,
  x: Tensor,
  rule: (x: number) => number,
  integer?: (x: bigint) => bigint,
): Tensor {
  const [input, y] = [view.required(0), view.output(0)];
  if (isQuantized(input)) return mapQuantized(x, perTensor(input), perTensor(y), y.dtype, rule);
  const data = allocate(y.dtype, x.data.length);
  if (x.dtype === 'float32') (x.data as Float32Array).forEach((element, i) => void (data[i] = rule(element)));
  else {
    if (integer === undefined) return view.bad(`is for floats, and "${input.name}" is ${x.dtype}`);
    x.data.forEach((element: number | bigint, i: number) => void (data[i] = wrap(y.dtype, integer(BigInt(element)))));
  }
  return { dtype: y.dtype, shape: y.shape, data };
}

/** A quantized operator as the kernels that look bytes up. */
export function tableKernels(rule: (view: NodeView) => (x: number) => number): KernelOption[] {
  return withMve([
    {
      function: 'nanoc_table_s8',
      family: 'portable',
      when: isQuantizedTable,
      build: (context) => ({ call: tableCall(context, tableOf(context, rule(context))) }),
    },
  ]);
}

/** Relu and Clip on halfwords whose scale stays: the function of the bounds of the type bounds all between. */
export function clampKernel(rule: (view: NodeView) => (x: number) => number): KernelOption {
  return {
    function: 'nanoc_clamp_s16',
    family: 'portable',
    takes: 'int16',
    build: (context) => {
      const [from, to] = [perTensor(context.required(0)), perTensor(context.output(0))];
      const ends: Tensor = { dtype: 'int16', shape: [2], data: Int16Array.of(from.low, from.high) };
      const [low, high] = mapQuantized(ends, from, to, 'int16', rule(context)).data as Int16Array;
      const call = elementwiseCall(context, 'nanoc_clamp_s16', 'nanoc/table.h');
      const bounds = [low!, high!].map((value) => ({ kind: 'int', value }) as const);
      return { call: { ...call, alignment: 2, arguments: [...call.arguments, count(context), ...bounds] } };
    },
  };
}

/** True when the data input and the output are quantized int8; other inputs are constants of the function. */
function isQuantizedTable(context: NodeView): true | string {
  const [x, y] = [context.required(0), context.output(0)];
  const bytes = [x, y].every((value) => value.dtype === 'int8' && isQuantized(value));
  return bytes || 'the values are not quantized int8';
}

/** The result of the function for each of the 256 bytes, indexed by the byte as uint8. */
export function tableOf(context: NodeView, rule: (x: number) => number): Int8Array {
  const bytes = new Int8Array(Uint8Array.from({ length: 256 }, (_, i) => i).buffer);
  const x: Tensor = { dtype: 'int8', shape: [256], data: bytes };
  const [from, to] = [perTensor(context.required(0)), perTensor(context.output(0))];
  return mapQuantized(x, from, to, 'int8', rule).data as Int8Array;
}

/** y[i] = table[x[i]]. */
export function tableCall(context: LowerContext, data: Int8Array): KernelCall {
  const table: PackedConstant = { suffix: 'table', data, role: 'table' };
  const call = elementwiseCall(context, 'nanoc_table_s8', 'nanoc/table.h');
  return { ...call, arguments: [...call.arguments, { kind: 'constant', constant: table }, count(context)] };
}

/** A float kernel (x, y, count, parameters...). */
export function floatCall(
  context: LowerContext,
  name: string,
  parameters: readonly number[],
  calls: readonly string[] = [],
): KernelCall {
  const call = elementwiseCall(context, name, 'nanoc/activation.h');
  return {
    ...call,
    sources: [...call.sources, ...calls.map((callee) => `portable/${callee}.c`)],
    arguments: [
      ...call.arguments,
      count(context),
      ...parameters.map((value) => ({ kind: 'float', value: Math.fround(value) }) as const),
    ],
    alignment: 4,
  };
}

/** A call that starts with (x, y) and maps elements in ascending order. */
export function elementwiseCall(context: LowerContext, name: string, header: string): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header,
    sources: [`portable/${name}.c`],
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
    ],
    overlaps: [{ input: x.name, output: y.name, lead: elementLead(elementCount(x.shape), x.dtype, y.dtype) }],
    macs: 0,
  };
}

/** Number of elements as an argument. */
export function count(context: NodeView) {
  return { kind: 'int', value: elementCount(context.output(0).shape), comment: 'elements' } as const;
}

/**
 * How far the output must start before the input when each element is read just before it is written (kernel-call.ts,
 * Overlap): the largest distance from the end of a written element to the start of the next that is read.
 */
export function elementLead(elements: number, from: DataType, to: DataType): number {
  const growth = bytesPerElement(to) - bytesPerElement(from);
  return growth > 0 ? growth * Math.max(elements - 1, 1) : growth;
}
