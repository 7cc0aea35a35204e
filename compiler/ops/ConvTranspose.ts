import type { GraphEditor } from '../ir/builders.js';
import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import { allocate, type Tensor } from '../ir/tensor.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import * as conv from './shared/convolution.js';
import { isFloat } from './shared/elementwise.js';
import { addReshape, addReshapeBack, reshapeConstant, withHeight } from './shared/rewrite.js';
import { windowAttributes } from './shared/window.js';

export default defineOp({
  name: 'ConvTranspose',
  domain: '',
  opsets: [1, 11, 22],
  summary: '1-D and 2-D; groups, dilation, output_padding, output_shape, auto_pad; constant weights',
  inputs: [{ name: 'X' }, { name: 'W' }, { name: 'B', optional: true }],
  outputs: ['Y'],
  attributes: {
    ...windowAttributes,
    group: { type: 'int', default: 1, check: (g) => (Number(g) >= 1 ? undefined : `must be at least 1, and is ${g}`) },
    output_padding: { type: 'ints' },
    output_shape: { type: 'ints' },
  },
  quantized: 'integer',
  infer(view) {
    const x = view.required(0);
    const w = view.required(1);
    const rank = x.shape.length;
    if ((rank !== 3 && rank !== 4) || w.shape.length !== rank) {
      view.bad(`input [${x.shape}] and weights [${w.shape}]`, { expected: '3 or 4 dimensions each' });
    }
    if (x.shape[1] !== w.shape[0]) view.bad(`${x.shape[1]} input channels, weights for ${w.shape[0]}`);
    const group = view.int('group');
    if (x.shape[1]! % group !== 0) view.bad(`${x.shape[1]} channels do not divide into ${group} groups`);
    const channels = w.shape[1]! * group;
    const b = view.input(2);
    if (b !== undefined && b.shape.join() !== String(channels))
      view.bad(`the bias has shape [${b.shape}]`, { expected: `[${channels}]` });
    const { output } = transposedWindow(view, x.shape.slice(2), w.shape.slice(2));
    return [{ dtype: x.dtype, shape: [x.shape[0]!, channels, ...output] }];
  },
  normalize: normalizeConvTranspose,
  evaluate: (view, [x, w, b]) => [evaluateConvTranspose(view, x!, w!, b)],
  kernels: [
    {
      function: 'nanoc_conv_transpose_s8',
      family: 'portable',
      when: (context) => context.required(0).quantization !== undefined || 'the input is float32',
      build: (context) => ({ call: quantizedCall(context) }),
    },
    {
      function: 'nanoc_conv_transpose_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({ call: floatCall(context) }),
    },
  ],
});

interface TransposedWindow {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begins, then ends. */
  readonly pads: readonly number[];
  readonly output: readonly number[];
}

/** onnx ConvTranspose: output = stride * (input - 1) + output_padding + extent - pads. */
function transposedWindow(view: NodeView, spatial: readonly number[], kernel: readonly number[]): TransposedWindow {
  const rank = spatial.length;
  const list = (name: string, fallback: number) => (view.has(name) ? view.ints(name) : spatial.map(() => fallback));
  const strides = list('strides', 1);
  const dilations = list('dilations', 1);
  const extra = list('output_padding', 0);
  const mode = view.string('auto_pad');
  const full = spatial.map((size, i) => strides[i]! * (size - 1) + extra[i]! + (kernel[i]! - 1) * dilations[i]! + 1);
  let pads = view.has('pads') && mode === 'NOTSET' ? [...view.ints('pads')] : Array<number>(2 * rank).fill(0);
  const wanted = view.has('output_shape')
    ? view.ints('output_shape').slice(-rank)
    : mode === 'SAME_UPPER' || mode === 'SAME_LOWER'
      ? spatial.map((size, i) => size * strides[i]!)
      : undefined;
  if (wanted !== undefined) {
    const totals = full.map((size, i) => Math.max(size - wanted[i]!, 0));
    const begins = totals.map((total) =>
      mode === 'SAME_UPPER' ? Math.floor(total / 2) : total - Math.floor(total / 2),
    );
    pads = [...begins, ...totals.map((total, i) => total - begins[i]!)];
  }
  const output = full.map((size, i) => size - pads[i]! - pads[i + rank]!);
  if (output.some((size) => size < 1)) view.bad(`the output would be [${output}]`, { expected: 'smaller pads' });
  return { strides, dilations, pads, output };
}

function normalizeConvTranspose(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const x = view.required(0);
  const w = view.required(1);
  const window = transposedWindow(view, x.shape.slice(2), w.shape.slice(2));
  const flat = x.shape.length === 3;
  const lift = (list: readonly number[], fill: number) => (flat ? [fill, list[0]!] : [...list]);
  const pads = flat ? [0, window.pads[0]!, 0, window.pads[1]!] : window.pads;
  const kernel = lift(w.shape.slice(2), 1);
  const given = view.has('output_padding') ? view.ints('output_padding') : x.shape.slice(2).map(() => 0);
  const attributes = {
    kernel_shape: kernel,
    strides: lift(window.strides, 1),
    dilations: lift(window.dilations, 1),
    pads,
    group: view.int('group'),
    output_padding: lift(given, 0),
  };
  if (!flat) {
    if (Object.keys(attributes).some((name) => !view.has(name)) || view.has('auto_pad') || view.has('output_shape')) {
      editor.updateNode(node, { attributes });
    }
    return;
  }
  const input = addReshape(editor, x.name, withHeight(x.shape), '__2d');
  const weights = reshapeConstant(editor, w.name, withHeight(w.shape));
  if (weights === undefined) return view.bad('the weights must be constant');
  const output = addReshapeBack(editor, node.outputs[0]!, withHeight(view.output(0).shape), '__2d');
  editor.replaceNode(node, {
    ...node,
    inputs: [input, weights, ...node.inputs.slice(2)],
    outputs: [output],
    attributes,
  });
}

function evaluateConvTranspose(view: NodeView, x: Tensor, w: Tensor, b: Tensor | undefined): Tensor {
  const X = view.required(0);
  const W = view.required(1);
  const Y = view.output(0);
  if (X.shape.length !== 4) return view.bad('only evaluated in its canonical form');
  const [batches, channels, height, width] = X.shape as [number, number, number, number];
  const [, perGroup, kh, kw] = W.shape as [number, number, number, number];
  const group = view.int('group');
  const { strides, dilations, pads, output } = transposedWindow(view, [height, width], [kh, kw]);
  const [outHeight, outWidth] = output as [number, number];
  const m = perGroup * group;
  const depth = channels / group;
  const finish = conv.finisher(view, X, W);
  const float = X.quantization === undefined;
  const zx = conv.zeroOf(X);
  const zw = float ? new Int32Array(m) : conv.weightZeroPoints(W, m);
  const data = allocate(Y.dtype, batches * m * outHeight * outWidth) as Float32Array;
  const source = (at: number, stride: number, size: number) =>
    at >= 0 && at % stride === 0 && at / stride < size ? at / stride : -1;
  let to = 0;
  for (let n = 0; n < batches; n += 1) {
    for (let o = 0; o < m; o += 1) {
      const first = Math.floor(o / perGroup) * depth;
      for (let oy = 0; oy < outHeight; oy += 1) {
        for (let ox = 0; ox < outWidth; ox += 1) {
          let sum = b === undefined ? 0 : Number(b.data[o]);
          for (let ky = 0; ky < kh; ky += 1) {
            const iy = source(oy + pads[0]! - ky * dilations[0]!, strides[0]!, height);
            if (iy < 0) continue;
            for (let kx = 0; kx < kw; kx += 1) {
              const ix = source(ox + pads[1]! - kx * dilations[1]!, strides[1]!, width);
              if (ix < 0) continue;
              for (let c = first; c < first + depth; c += 1) {
                const a = Number(x.data[((n * channels + c) * height + iy) * width + ix]);
                const weight = Number(w.data[((c * perGroup + (o % perGroup)) * kh + ky) * kw + kx]);
                if (float) sum = Math.fround(sum + Math.fround(a * weight));
                else sum += (a - zx) * (weight - zw[o]!);
              }
            }
          }
          data[to++] = finish(sum, o);
        }
      }
    }
  }
  return { dtype: Y.dtype, shape: Y.shape, data };
}

/** Weights [C, M/group, kH, kW] as the kernels walk them: [M][kH][kW][C/group]. */
function byOutput<T extends Int8Array | Float32Array>(data: T, shape: readonly number[], group: number): T {
  const [channels, perGroup, kh, kw] = shape as [number, number, number, number];
  const depth = channels / group;
  const result = data.slice() as T;
  let to = 0;
  for (let o = 0; o < perGroup * group; o += 1)
    for (let y = 0; y < kh; y += 1)
      for (let x = 0; x < kw; x += 1)
        for (let i = 0; i < depth; i += 1) {
          const c = Math.floor(o / perGroup) * depth + i;
          result[to++] = data[((c * perGroup + (o % perGroup)) * kh + y) * kw + x]!;
        }
  return result;
}

function spatialFields(context: LowerContext): Record<string, ParamValue> {
  const [batches, height, width, channels] = context.required(0).shape as [number, number, number, number];
  const [, outH, outW, outC] = context.output(0).shape as [number, number, number, number];
  const [kernelH, kernelW] = context.required(1).shape.slice(2) as [number, number];
  const { strides, dilations, pads } = transposedWindow(context, [height, width], [kernelH, kernelW]);
  return {
    batches: { int: batches },
    in_h: { int: height },
    in_w: { int: width },
    in_c: { int: channels },
    out_h: { int: outH },
    out_w: { int: outW },
    out_c: { int: outC },
    kernel_h: { int: kernelH },
    kernel_w: { int: kernelW },
    stride_h: { int: strides[0]! },
    stride_w: { int: strides[1]! },
    dilation_h: { int: dilations[0]! },
    dilation_w: { int: dilations[1]! },
    pad_top: { int: pads[0]! },
    pad_left: { int: pads[1]! },
    groups: { int: context.int('group') },
  };
}

function call(
  context: LowerContext,
  name: string,
  struct: string,
  fields: Record<string, ParamValue>,
  extra: Partial<KernelCall>,
): KernelCall {
  const x = context.required(0);
  const w = context.required(1);
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/conv.h',
    sources: [`portable/${name}.c`],
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: context.output(0).name, access: 'write' },
      { kind: 'params', struct, fields },
    ],
    overlaps: [],
    macs: conv.macsOf(
      x,
      w.shape.slice(1).reduce((a, b) => a * b, 1),
    ),
    ...extra,
  };
}

function quantizedCall(context: LowerContext): KernelCall {
  const [x, w] = [context.required(0), context.required(1)];
  const channels = context.output(0).shape[3]!;
  const group = context.int('group');
  const weights = byOutput(conv.constantOf(context, 1).data as Int8Array, w.shape, group);
  const zeros = conv.weightZeroPoints(w, channels);
  const given = context.input(2) === undefined ? undefined : (conv.constantOf(context, 2).data as Int32Array);
  const { accumulator, weightZeros } = conv.packWeights(
    weights,
    channels,
    weights.length / channels,
    group,
    zeros,
    given,
    x,
  );
  const bias = given ?? new Int32Array(channels);
  const fields = {
    ...spatialFields(context),
    x_zero: { int: conv.zeroOf(x) },
    ...conv.weightFields({ weights, bias, accumulator, ...(weightZeros === undefined ? {} : { weightZeros }) }),
    output: { fields: conv.outputFields(context, x, w) },
  };
  return call(context, 'nanoc_conv_transpose_s8', 'nanoc_conv_s8_params', fields, {
    remarks: conv.accumulatorRemarks(accumulator),
  });
}

function floatCall(context: LowerContext): KernelCall {
  const w = context.required(1);
  const weights = byOutput(conv.constantOf(context, 1).data as Float32Array, w.shape, context.int('group'));
  const fields = {
    ...spatialFields(context),
    weights: { constant: { suffix: 'weights', data: weights, role: 'weights' as const } },
    bias: conv.floatBiasField(context.input(2)),
    ...conv.floatClampFields(context),
  };
  return call(context, 'nanoc_conv_transpose_f32', 'nanoc_conv_f32_params', fields, { alignment: 4 });
}
