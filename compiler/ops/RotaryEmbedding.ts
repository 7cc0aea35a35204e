import type { Value } from '../ir/graph.js';
import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import { allocate, byteLength, elementCount, type Tensor } from '../ir/tensor.js';
import { dequantize, quantize } from '../numerics/requantize.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import { perTensor } from './shared/quantized.js';

const f = Math.fround;

/**
 * Pairs of neighbours turned by an angle each, [..., pairs, 2] with cos and sin of `pairs` elements: (a cos - b sin, a sin + b cos), each product and
 * sum in float32. nanoc makes it (recognise-rotary), in front of it a DequantizeLinear and behind it a QuantizeLinear where they are.
 *
 * With `halves` a pair is an element of the first half of the last dimension and the one of the second half in its place; cos and sin hold an
 * angle for each pair, or for each element.
 */
export default defineOp({
  name: 'RotaryEmbedding',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'rotary position embedding of interleaved pairs or of halves, float32 or quantized',
  inputs: [{ name: 'x' }, { name: 'cos' }, { name: 'sin' }],
  outputs: ['y'],
  attributes: { halves: { type: 'int', default: 0 } },
  quantized: 'float',
  infer: (view) => [{ dtype: view.output(0).dtype, shape: view.output(0).shape }],
  evaluate: (view, [x, cos, sin]) => [rotate(view, x!, cos!, sin!)],
  kernels: (['s8', 'f32'] as const).flatMap((type) =>
    ([0, 1] as const).map((halves) => {
      const name = `nanoc_rotary_${halves === 1 ? 'halves' : 'embedding'}_${type}`;
      return {
        function: name,
        family: 'portable' as const,
        when: (context: LowerContext) => {
          const bytes = [context.required(0), context.output(0)].every(({ dtype }) => dtype === 'int8');
          if (bytes !== (type === 's8')) return `the values are ${bytes ? 'int8' : 'float32'}`;
          return (
            context.int('halves') === halves || `the pairs ${halves === 1 ? 'are neighbours' : 'lie in two halves'}`
          );
        },
        build: (context: LowerContext) => ({ call: rotaryCall(context, name) }),
      };
    }),
  ),
});

interface Pairing {
  readonly rows: number;
  readonly pairs: number;
  /** From an element to the next pair's, and to its partner. */
  readonly step: number;
  readonly partner: number;
  /** From an element's angle to its partner's. */
  readonly angle: number;
}

function pairing(view: NodeView): Pairing {
  const [x, angles] = [view.required(0), elementCount(view.required(1).shape)];
  const count = elementCount(x.shape);
  if (view.int('halves') === 0) return { rows: count / 2 / angles, pairs: angles, step: 2, partner: 1, angle: 0 };
  const pairs = x.shape.at(-1)! / 2;
  return { rows: count / 2 / pairs, pairs, step: 1, partner: pairs, angle: angles === pairs ? 0 : pairs };
}

function rotate(view: NodeView, x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  const Y = view.output(0);
  const [read, write] = [reader(view.required(0)), writer(Y)];
  const data = allocate(Y.dtype, x.data.length) as Float32Array;
  const { rows, pairs, step, partner, angle } = pairing(view);
  for (let row = 0; row < rows; row += 1) {
    for (let i = 0; i < pairs; i += 1) {
      const [at, other] = [row * pairs * 2 + i * step, row * pairs * 2 + i * step + partner];
      const [a, b] = [read(Number(x.data[at])), read(Number(x.data[other]))];
      const turn = (j: number) => [Number(cos.data[j]), Number(sin.data[j])] as const;
      const [[c, s], [d, t]] = [turn(i), turn(i + angle)];
      data[at] = write(f(f(a * c) - f(b * s)));
      data[other] = write(f(f(a * t) + f(b * d)));
    }
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
  const isHalves = context.int('halves') === 1;
  const { rows, pairs, angle } = pairing(context);
  const fields: Record<string, ParamValue> = {
    rows: { int: rows },
    pairs: { int: pairs },
    ...(isHalves ? { angle: { int: angle } } : {}),
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
    // A row of halves is read and written from both ends: only whole rows may lie over one another.
    overlaps: [{ input: x.name, output: y.name, lead: 0, ...(isHalves ? { multiple: byteLength(x) / rows } : {}) }],
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
