/** ArgMax and ArgMin. */
import type { KernelCall } from '../../ir/kernel-call.js';
import { elementCount, type Tensor } from '../../ir/tensor.js';
import { defineOp, type LowerContext, type NodeView, type OperatorDefinition } from '../define.js';
import { axisOf } from './shapes.js';

/** On quantized values bytes are compared: dequantization keeps their order. */
export function argOperator(kind: 'Max' | 'Min'): OperatorDefinition {
  return defineOp({
    name: `Arg${kind}`,
    domain: '',
    opsets: [1, 11, 12, 13],
    summary: 'axis, keepdims, select_last_index; int64 result',
    inputs: [{ name: 'data' }],
    outputs: ['reduced'],
    attributes: {
      axis: { type: 'int', default: 0 },
      keepdims: { type: 'int', default: 1 },
      select_last_index: { type: 'int', default: 0 },
    },
    quantized: 'float',
    infer(view) {
      const { shape } = view.required(0);
      const axis = axisOf(view, view.int('axis'), shape.length);
      const kept = shape.map((n, i) => (i === axis ? 1 : n));
      return [{ dtype: 'int64', shape: view.int('keepdims') === 1 ? kept : kept.filter((_, i) => i !== axis) }];
    },
    evaluate: (view, [x]) => [evaluateArg(view, x!, kind)],
    kernels: (['int8', 'float32'] as const).map((dtype) => ({
      function: dtype === 'int8' ? 'nanoc_arg_max_s8' : 'nanoc_arg_max_f32',
      family: 'portable',
      when: ({ required }) => required(0).dtype === dtype || `the input is ${required(0).dtype}`,
      build: (context) => ({
        call: argCall(context, kind, dtype === 'int8' ? 'nanoc_arg_max_s8' : 'nanoc_arg_max_f32'),
      }),
    })),
  });
}

function geometry(view: NodeView): { outer: number; size: number; inner: number } {
  const { shape } = view.required(0);
  const axis = axisOf(view, view.int('axis'), shape.length);
  return { outer: elementCount(shape.slice(0, axis)), size: shape[axis]!, inner: elementCount(shape.slice(axis + 1)) };
}

function evaluateArg(view: NodeView, x: Tensor, kind: 'Max' | 'Min'): Tensor {
  const { outer, size, inner } = geometry(view);
  const last = view.int('select_last_index') === 1;
  const data = new BigInt64Array(outer * inner);
  for (let row = 0; row < outer; row += 1) {
    for (let column = 0; column < inner; column += 1) {
      let best = 0;
      const at = (i: number) => Number(x.data[(row * size + i) * inner + column]) * (kind === 'Max' ? 1 : -1);
      for (let i = 1; i < size; i += 1) if (at(i) > at(best) || (last && at(i) === at(best))) best = i;
      data[row * inner + column] = BigInt(best);
    }
  }
  return { dtype: 'int64', shape: view.output(0).shape, data };
}

function argCall(context: LowerContext, kind: 'Max' | 'Min', name: string): KernelCall {
  const { outer, size, inner } = geometry(context);
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/reduce.h',
    sources: [`portable/${name}.c`],
    arguments: [
      { kind: 'value', value: context.required(0).name, access: 'read' },
      { kind: 'value', value: context.output(0).name, access: 'write' },
      {
        kind: 'params',
        struct: 'nanoc_arg_max_params',
        fields: {
          outer: { int: outer },
          size: { int: size },
          inner: { int: inner },
          flip: { int: kind === 'Min' ? -1 : 0 },
          last: { int: context.int('select_last_index') },
        },
      },
    ],
    overlaps: [],
    macs: 0,
  };
}
