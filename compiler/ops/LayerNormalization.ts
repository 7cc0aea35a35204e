import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import { elementCount, type Tensor } from '../ir/tensor.js';
import { sqrtF32 } from '../numerics/float-math.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import { normalizationAttributes } from './shared/normalization.js';
import { axisOf } from './shared/shapes.js';

const f = Math.fround;

/**
 * y = (x - mean) / sqrt(variance + epsilon) * scale + bias over the dimensions from `axis` on: the variance is the mean of the squares
 * of x - mean, as ONNX's text has it. Every operation in float32, sums in ascending order. The mean of what is left of x takes back the
 * rounding of the first sum, which would show where the elements are nearly equal: then the root is small.
 */
export default defineOp({
  name: 'LayerNormalization',
  domain: '',
  opsets: [17],
  summary:
    'float32, constant scale and bias of the normalized dimensions; one output; also spelled out in primitive operators',
  inputs: [{ name: 'X' }, { name: 'Scale', mustBeConstant: true }, { name: 'B', optional: true, mustBeConstant: true }],
  outputs: ['Y', 'Mean', 'InvStdDev'],
  attributes: normalizationAttributes,
  quantized: 'float',
  infer(view) {
    const x = view.required(0);
    if (x.dtype !== 'float32') view.bad(`"${x.name}" is ${x.dtype}`, { expected: 'float32' });
    const normalized = x.shape.slice(axisOf(view, view.int('axis'), x.shape.length));
    for (const parameter of [view.required(1), view.input(2)])
      if (parameter !== undefined && elementCount(parameter.shape) !== elementCount(normalized))
        view.bad(`"${parameter.name}" has shape [${parameter.shape}]`, { expected: `[${normalized}]` });
    return [{ dtype: 'float32', shape: x.shape }];
  },
  evaluate: (view, [x, scale, bias]) => [normalize(view, x!, scale!, bias)],
  kernels: [
    {
      function: 'nanoc_layer_normalization_f32',
      family: 'portable',
      build: (context) => ({ call: normalizationCall(context) }),
    },
  ],
});

function geometry(view: NodeView): { rows: number; count: number } {
  const { shape } = view.required(0);
  const axis = axisOf(view, view.int('axis'), shape.length);
  return { rows: elementCount(shape.slice(0, axis)), count: elementCount(shape.slice(axis)) };
}

function normalize(view: NodeView, x: Tensor, scale: Tensor, bias: Tensor | undefined): Tensor {
  const { rows, count } = geometry(view);
  const data = (x.data as Float32Array).slice();
  for (let row = 0; row < rows; row += 1) {
    const own = data.subarray(row * count, (row + 1) * count);
    const rough = f(own.reduce((sum, real) => f(sum + real), 0) / count);
    const mean = f(rough + f(own.reduce((sum, real) => f(sum + f(real - rough)), 0) / count));
    const squares = own.reduce((sum, real) => f(sum + f(f(real - mean) * f(real - mean))), 0);
    const root = sqrtF32(f(f(squares / count) + f(view.float('epsilon'))));
    own.forEach((real, i) => {
      const scaled = f(f(f(real - mean) / root) * Number(scale.data[i]));
      own[i] = bias === undefined ? scaled : f(scaled + Number(bias.data[i]));
    });
  }
  return { ...x, data };
}

function normalizationCall(context: LowerContext): KernelCall {
  const [x, y, bias] = [context.required(0), context.output(0), context.input(2)];
  const { rows, count } = geometry(context);
  const constant = (suffix: string, data: Tensor['data'], role: 'weights' | 'bias'): ParamValue => ({
    constant: { suffix, data, role },
  });
  const scale = context.required(1).constant!.data as Float32Array;
  const fields: Record<string, ParamValue> = {
    rows: { int: rows },
    count: { int: count },
    epsilon: { float: f(context.float('epsilon')) },
    // Ones, as InstanceNormalization becomes them: x * 1 is x.
    scale: scale.every((factor) => factor === 1) ? { text: 'NULL' } : constant('scale', scale, 'weights'),
    bias: bias === undefined ? { text: 'NULL' } : constant('bias', bias.constant!.data, 'bias'),
  };
  return {
    node: context.node,
    family: 'portable',
    function: 'nanoc_layer_normalization_f32',
    header: 'nanoc/normalization.h',
    sources: ['portable/nanoc_layer_normalization_f32.c', 'portable/nanoc_sqrt.c'],
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'params', struct: 'nanoc_layer_normalization_params', fields },
    ],
    overlaps: [{ input: x.name, output: y.name, lead: 0 }],
    macs: 0,
    alignment: 4,
  };
}
