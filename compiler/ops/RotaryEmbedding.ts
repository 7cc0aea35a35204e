import type { Value } from '../ir/graph.js';
import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { dequantize, quantize } from '../numerics/requantize.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import { perTensor } from './shared/quantized.js';

const f = Math.fround;

/**
 * Pairs of neighbours turned by an angle each, [..., pairs, 2] with cos and sin of `pairs` elements: (a cos - b sin, a sin + b cos), each product and
 * sum in float32. nanoc makes it (recognise-rotary), in front of it a DequantizeLinear and behind it a QuantizeLinear where they are.
 */
export default defineOp({
  name: 'RotaryEmbedding',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'rotary position embedding of interleaved pairs, float32 or quantized',
  inputs: [{ name: 'x' }, { name: 'cos' }, { name: 'sin' }],
  outputs: ['y'],
  attributes: {},
  quantized: 'float',
  infer: (view) => [{ dtype: view.output(0).dtype, shape: view.output(0).shape }],
  evaluate: (view, [x, cos, sin]) => [rotate(view, x!, cos!, sin!)],
  kernels: (['s8', 'f32'] as const).map((type) => ({
    function: `nanoc_rotary_embedding_${type}`,
    family: 'portable' as const,
    when: (context: LowerContext) => {
      const bytes = [context.required(0), context.output(0)].every(({ dtype }) => dtype === 'int8');
      return bytes === (type === 's8') || `the values are ${bytes ? 'int8' : 'float32'}`;
    },
    build: (context: LowerContext) => ({ call: rotaryCall(context, `nanoc_rotary_embedding_${type}`) }),
  })),
});

function rotate(view: NodeView, x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  const Y = view.output(0);
  const [read, write] = [reader(view.required(0)), writer(Y)];
  const data = allocate(Y.dtype, x.data.length) as Float32Array;
  const pairs = cos.data.length;
  for (let i = 0; i < data.length / 2; i += 1) {
    const [a, b] = [read(Number(x.data[2 * i])), read(Number(x.data[2 * i + 1]))];
    const [c, s] = [Number(cos.data[i % pairs]), Number(sin.data[i % pairs])];
    data[2 * i] = write(f(f(a * c) - f(b * s)));
    data[2 * i + 1] = write(f(f(a * s) + f(b * c)));
  }
  return { dtype: Y.dtype, shape: Y.shape, data };
}

function reader(value: Value): (q: number) => number {
  if (value.dtype === 'float32') return (real) => real;
  const { scale, zeroPoint } = perTensor(value);
  return (q) => dequantize(q, scale, zeroPoint);
}

function writer(value: Value): (real: number) => number {
  if (value.dtype === 'float32') return (real) => real;
  const { scale, zeroPoint, low, high } = perTensor(value);
  return (real) => quantize(real, scale, zeroPoint, low, high);
}

function rotaryCall(context: LowerContext, name: string): KernelCall {
  const [x, cos, sin] = [context.required(0), context.required(1), context.required(2)];
  const y = context.output(0);
  const pairs = elementCount(cos.shape);
  const fields: Record<string, ParamValue> = {
    rows: { int: elementCount(x.shape) / 2 / pairs },
    pairs: { int: pairs },
    ...(x.dtype === 'int8' ? byteFields(x, y) : {}),
  };
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/rotary.h',
    sources: [`portable/${name}.c`],
    arguments: [
      ...[x, cos, sin].map((value) => ({ kind: 'value', value: value.name, access: 'read' }) as const),
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'params', struct: `${name}_params`, fields },
    ],
    overlaps: [{ input: x.name, output: y.name, lead: 0 }],
    macs: 0,
    alignment: 4,
  };
}

function byteFields(x: Value, y: Value): Record<string, ParamValue> {
  const [from, to] = [perTensor(x), perTensor(y)];
  return {
    x_zero: { int: from.zeroPoint },
    y_zero: { int: to.zeroPoint },
    x_scale: { float: from.scale },
    y_scale: { float: to.scale },
  };
}
