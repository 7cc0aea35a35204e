import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { sqrtF32 } from '../numerics/float-math.js';
import { quantize } from '../numerics/requantize.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import { isFloat } from './shared/elementwise.js';
import { normalizationAttributes } from './shared/normalization.js';
import { perTensor } from './shared/quantized.js';
import { axisOf } from './shared/shapes.js';
import { elementLead } from './shared/unary.js';

const f = Math.fround;

/**
 * y = x / sqrt(mean(x * x) + epsilon) * scale over the dimensions from `axis` on, every operation in float32, squares added in
 * ascending order. nanoc makes it of its parts too (recognise-normalization): `reciprocal` then says that the exporter multiplied
 * by 1 / sqrt(...), and an int8 output that y is quantized.
 */
export default defineOp({
  name: 'RMSNormalization',
  domain: '',
  opsets: [23],
  summary: 'float32, a constant scale of the normalized dimensions; also spelled out in primitive operators',
  inputs: [{ name: 'X' }, { name: 'scale', mustBeConstant: true }],
  outputs: ['Y'],
  attributes: {
    ...normalizationAttributes,
    reciprocal: { type: 'int', default: 0 },
  },
  quantized: 'float',
  infer(view) {
    const [x, scale] = [view.required(0), view.required(1)];
    if (x.dtype !== 'float32') view.bad(`"${x.name}" is ${x.dtype}`, { expected: 'float32' });
    const normalized = x.shape.slice(axisOf(view, view.int('axis'), x.shape.length));
    if (elementCount(scale.shape) !== elementCount(normalized))
      view.bad(`the scale has shape [${scale.shape}]`, { expected: `[${normalized}]` });
    return [{ dtype: 'float32', shape: x.shape }];
  },
  evaluate: (view, [x, scale]) => [normalize(view, x!, scale!)],
  kernels: [
    {
      function: 'nanoc_rms_normalization_f32_s8',
      family: 'portable',
      when: (context) => context.output(0).dtype === 'int8' || 'the output is float32',
      build: (context) => ({ call: normalizationCall(context, 'nanoc_rms_normalization_f32_s8') }),
    },
    {
      function: 'nanoc_rms_normalization_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({ call: normalizationCall(context, 'nanoc_rms_normalization_f32') }),
    },
  ],
});

function geometry(view: NodeView): { rows: number; count: number } {
  const { shape } = view.required(0);
  const axis = axisOf(view, view.int('axis'), shape.length);
  return { rows: elementCount(shape.slice(0, axis)), count: elementCount(shape.slice(axis)) };
}

function normalize(view: NodeView, x: Tensor, scale: Tensor): Tensor {
  const { rows, count } = geometry(view);
  const Y = view.output(0);
  const finish = finisher(view);
  const input = x.data as Float32Array;
  const data = allocate(Y.dtype, input.length) as Float32Array;
  for (let row = 0; row < rows; row += 1) {
    let sum = 0;
    for (let i = 0; i < count; i += 1) sum = f(sum + f(input[row * count + i]! * input[row * count + i]!));
    const root = sqrtF32(f(f(sum / count) + f(view.float('epsilon'))));
    const inverse = f(1 / root);
    for (let i = 0; i < count; i += 1) {
      const real = input[row * count + i]!;
      const normalized = view.int('reciprocal') === 1 ? f(real * inverse) : f(real / root);
      data[row * count + i] = finish(f(normalized * Number(scale.data[i])));
    }
  }
  return { dtype: Y.dtype, shape: Y.shape, data };
}

function finisher(view: NodeView): (real: number) => number {
  const Y = view.output(0);
  if (Y.dtype === 'float32') return (real) => real;
  const y = perTensor(Y);
  return (real) => quantize(real, y.scale, y.zeroPoint, y.low, y.high);
}

function normalizationCall(context: LowerContext, name: string): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const { rows, count } = geometry(context);
  const scale = { suffix: 'scale', data: context.required(1).constant!.data, role: 'weights' } as const;
  const output = y.dtype === 'float32' ? { scale: 1, zeroPoint: 0 } : perTensor(y);
  const fields: Record<string, ParamValue> = {
    rows: { int: rows },
    count: { int: count },
    reciprocal: { int: context.int('reciprocal') },
    epsilon: { float: f(context.float('epsilon')) },
    scale: { constant: scale },
    y_scale: { float: output.scale },
    y_zero: { int: output.zeroPoint },
  };
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/normalization.h',
    sources: [`portable/${name}.c`, 'portable/nanoc_sqrt.c'],
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'params', struct: 'nanoc_rms_normalization_params', fields },
    ],
    overlaps: [{ input: x.name, output: y.name, lead: elementLead(rows * count, x.dtype, y.dtype) }],
    macs: 0,
    alignment: 4,
  };
}
