import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import { allocate, type Tensor } from '../ir/tensor.js';
import { dspConv, dspConvOfAll } from '../kernels/arm-dsp/conv-kernel.js';
import { dspDepthwise } from '../kernels/arm-dsp/depthwise-kernel.js';
import { dspConvS16, dspDepthwiseS16 } from '../kernels/arm-dsp/halfwords-kernel.js';
import { dspWindow } from '../kernels/arm-dsp/window-kernel.js';
import { dspWinograd } from '../kernels/arm-dsp/winograd-kernel.js';
import { mveConv, mveConvOfAll, mveRows } from '../kernels/arm-mve/conv-kernel.js';
import { mveConvS16, mveDepthwiseS16 } from '../kernels/arm-mve/halfwords-kernel.js';
import { mvePlanes, mveWindow } from '../kernels/arm-mve/window-kernel.js';
import { v6mConv, v7mConv } from '../kernels/arm-scalar/conv-kernel.js';
import { v6mDepthwise, v7mDepthwise } from '../kernels/arm-scalar/depthwise-kernel.js';
import { v6mConvOfAll, v6mWideConvOfAll, v7mConvOfAll } from '../kernels/arm-scalar/matvec-kernel.js';
import { cmsisConvolve, cmsisDepthwise } from '../kernels/cmsis-nn/convolve.js';
import { cmsisConvolveS16, cmsisDepthwiseS16 } from '../kernels/cmsis-nn/halfwords.js';
import { espConvolve, espDepthwise } from '../kernels/esp-nn/convolve.js';
import { pieConv } from '../kernels/pie/conv.js';
import { pieDepthwise } from '../kernels/pie/depthwise.js';
import { rv32Conv, rv32ConvOfPairs } from '../kernels/riscv/conv-kernel.js';
import { rv32Depthwise } from '../kernels/riscv/depthwise-kernel.js';
import { rv32ConvOfAll } from '../kernels/riscv/matvec-kernel.js';
import { whereItPays } from '../kernels/where-it-pays.js';
import { lxConv } from '../kernels/xtensa/conv-kernel.js';
import { lxDepthwise, lxDepthwise3x3, lxDepthwiseOne } from '../kernels/xtensa/depthwise-kernel.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import {
  convAttributes,
  convShape,
  type Geometry,
  geometry,
  hasOwnFilters,
  hasPlainPixels,
  normalizeConv,
  spatialFields,
} from './shared/conv-geometry.js';
import * as conv from './shared/convolution.js';
import { isFloat } from './shared/elementwise.js';
import { halfwordFields, halfwordRows } from './shared/halfwords.js';
import { matrixCall } from './shared/matrix-call.js';
import { rowsLead, windowLead } from './shared/overlap.js';
import { withHeight } from './shared/rewrite.js';
import { as2d, windowOf } from './shared/window.js';

export default defineOp({
  name: 'Conv',
  domain: '',
  opsets: [1, 11, 22],
  summary: '1-D and 2-D; groups, depthwise with multiplier, dilation, asymmetric pads, auto_pad; constant weights',
  inputs: [{ name: 'X' }, { name: 'W' }, { name: 'B', optional: true }],
  outputs: ['Y'],
  attributes: convAttributes,
  quantized: 'integer',
  infer: (view) => [{ dtype: view.required(0).dtype, shape: convShape(view, 2) }],
  normalize: normalizeConv,
  evaluate: (view, [x, w, b]) => [evaluateConv(view, x!, w!, b)],
  kernels: [
    cmsisDepthwise,
    cmsisConvolve,
    cmsisDepthwiseS16,
    cmsisConvolveS16,
    espDepthwise,
    espConvolve,
    mvePlanes,
    mveWindow,
    mveConvOfAll,
    mveRows,
    mveConv,
    mveDepthwiseS16,
    mveConvS16,
    dspDepthwise,
    dspWindow,
    dspConvOfAll,
    dspWinograd,
    dspConv,
    dspDepthwiseS16,
    dspConvS16,
    v7mDepthwise,
    v6mDepthwise,
    rv32Depthwise,
    whereItPays(v7mConvOfAll),
    whereItPays(v6mWideConvOfAll),
    whereItPays(v6mConvOfAll),
    whereItPays(rv32ConvOfAll),
    v7mConv,
    v6mConv,
    rv32Conv,
    rv32ConvOfPairs,
    pieDepthwise,
    pieConv,
    lxDepthwiseOne,
    lxDepthwise3x3,
    lxDepthwise,
    lxConv,
    {
      function: 'nanoc_matmul_s8',
      family: 'portable',
      when: (context) => isPointwise(context),
      build: (context) => ({ call: pointwiseCall(context) }),
    },
    {
      function: 'nanoc_depthwise_s8',
      family: 'portable',
      when: (context) => isDepthwise(context),
      build: (context) => ({ call: depthwiseCall(context) }),
    },
    {
      function: 'nanoc_conv_s8',
      family: 'portable',
      when: (context) => isQuantized(context),
      build: (context) => ({ call: convCall(context) }),
    },
    {
      function: 'nanoc_depthwise_f32',
      family: 'portable',
      when: (context) => both(isFloat(context), hasOwnFilters(context)),
      build: (context) => ({ call: floatDepthwiseCall(context) }),
    },
    {
      function: 'nanoc_conv_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({ call: floatCall(context) }),
    },
    {
      function: 'nanoc_matmul_s16',
      family: 'portable',
      takes: 'int16',
      when: (context) => isPointwise(context),
      build: (context) => ({ call: halfwordPointwiseCall(context) }),
    },
    {
      function: 'nanoc_depthwise_s16',
      family: 'portable',
      takes: 'int16',
      when: (context) => isShortDepthwise(context),
      build: (context) => ({ call: halfwordDepthwiseCall(context) }),
    },
    {
      function: 'nanoc_conv_s16',
      family: 'portable',
      takes: 'int16',
      build: (context) => ({ call: halfwordConvCall(context) }),
    },
  ],
});

function evaluateConv(view: NodeView, x: Tensor, w: Tensor, b: Tensor | undefined): Tensor {
  const X = view.required(0);
  const W = view.required(1);
  const Y = view.output(0);
  const window = as2d(windowOf(view, X.shape.slice(2), W.shape.slice(2)));
  const spatial = X.shape.length === 3 ? withHeight(X.shape) : X.shape;
  const [batches, channels, height, width] = spatial as [number, number, number, number];
  const group = view.int('group');
  const m = W.shape[0]!;
  const perGroup = channels / group;
  const [outHeight, outWidth] = window.output as [number, number];
  const finish = conv.finisher(view, X, W);
  const float = X.quantization === undefined;
  const zx = conv.zeroOf(X);
  const zw = float ? new Int32Array(m) : conv.weightZeroPoints(W, m);
  const [kh, kw] = window.kernel as [number, number];
  const [sh, sw] = window.strides as [number, number];
  const [dh, dw] = window.dilations as [number, number];
  const [top, left] = window.pads as [number, number];
  const input = x.data as Float32Array;
  const weights = w.data as Float32Array;
  const result = allocate(Y.dtype, batches * m * outHeight * outWidth) as Float32Array;
  let to = 0;
  for (let n = 0; n < batches; n += 1) {
    for (let o = 0; o < m; o += 1) {
      const firstChannel = Math.floor(o / (m / group)) * perGroup;
      const bias = b === undefined ? 0 : Number(b.data[o]);
      for (let oy = 0; oy < outHeight; oy += 1) {
        for (let ox = 0; ox < outWidth; ox += 1) {
          let sum = bias;
          for (let ky = 0; ky < kh; ky += 1) {
            const iy = oy * sh - top + ky * dh;
            if (iy < 0 || iy >= height) continue;
            for (let kx = 0; kx < kw; kx += 1) {
              const ix = ox * sw - left + kx * dw;
              if (ix < 0 || ix >= width) continue;
              let from = ((n * channels + firstChannel) * height + iy) * width + ix;
              let weight = (o * perGroup * kh + ky) * kw + kx;
              for (let c = 0; c < perGroup; c += 1) {
                if (float) sum = Math.fround(sum + Math.fround(input[from]! * weights[weight]!));
                else sum += (input[from]! - zx) * (weights[weight]! - zw[o]!);
                from += height * width;
                weight += kh * kw;
              }
            }
          }
          result[to++] = finish(sum, o);
        }
      }
    }
  }
  return { dtype: Y.dtype, shape: Y.shape, data: result };
}

function isQuantized(context: LowerContext): true | string {
  return context.required(0).quantization !== undefined || 'the input is float32';
}

function isPointwise(context: LowerContext): true | string {
  return both(isQuantized(context), hasPlainPixels(context));
}

function isDepthwise(context: LowerContext): true | string {
  return both(isQuantized(context), hasOwnFilters(context));
}

/** The first reason why not. */
function both(first: true | string, second: true | string): true | string {
  return first === true ? second : first;
}

function packed(context: LowerContext): conv.PackedWeights {
  const { x, w, outputs, group } = geometry(context);
  const data = conv.channelsLast(conv.constantOf(context, 1).data as Int8Array, w.shape);
  const bias = context.input(2) === undefined ? undefined : (conv.constantOf(context, 2).data as Int32Array);
  return conv.packWeights(data, outputs, data.length / outputs, group, conv.weightZeroPoints(w, outputs), bias, x);
}

function call(
  context: LowerContext,
  name: string,
  struct: string,
  fields: Record<string, ParamValue>,
  extra: Partial<KernelCall> = {},
): KernelCall {
  const { x, y, w } = geometry(context);
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/conv.h',
    sources: [`portable/${name}.c`],
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      ...(extra.scratch === undefined ? [] : [{ kind: 'scratch' as const }]),
      { kind: 'params', struct, fields },
    ],
    overlaps: [],
    macs: conv.macsOf(y, (w.constant?.data.length ?? 0) / w.shape[0]!),
    ...extra,
  };
}

function pointwiseCall(context: LowerContext): KernelCall {
  const g = geometry(context);
  return matrixCall(context, packed(context), g.batches * g.height * g.width, g.channels, g.outputs);
}

/** The windows of two pixels, all channels. */
function convCall(context: LowerContext): KernelCall {
  const g = geometry(context);
  const weights = packed(context);
  const fields = {
    ...spatialFields(g),
    groups: { int: g.group },
    x_zero: { int: conv.zeroOf(g.x) },
    ...conv.weightFields(weights),
    output: { fields: conv.outputFields(context, g.x, g.w) },
  };
  const [kernelH, kernelW] = g.window.kernel as [number, number];
  const lead = windowLead({ ...g, inputPixel: g.channels, outputPixel: g.outputs, order: 'buffered', together: 2 });
  return call(context, 'nanoc_conv_s8', 'nanoc_conv_s8_params', fields, {
    sources: ['conv', 'one_row', 'two_rows'].map((name) => `portable/nanoc_${name}_s8.c`),
    scratch: { bytes: 2 * kernelH * kernelW * g.channels, alignment: 4 },
    overlaps: [{ input: g.x.name, output: g.y.name, lead }],
    remarks: conv.accumulatorRemarks(weights.accumulator),
  });
}

/** The window of a single output on an image one column wide lies down: its taps are then one row, which the kernel walks fastest. */
function lyingDown(g: Geometry): Geometry {
  const { kernel, strides, dilations, pads, output } = g.window;
  const isColumn = g.width === 1 && kernel[1] === 1 && output[0] === 1 && output[1] === 1 && pads[1] === 0;
  if (!isColumn) return g;
  const turned = ([first, second]: readonly number[]) => [second!, first!];
  const window = {
    ...{ kernel: turned(kernel), strides: turned(strides), dilations: turned(dilations), output },
    pads: [...turned(pads.slice(0, 2)), ...turned(pads.slice(2))],
  };
  return { ...g, window, height: 1, width: g.height };
}

function depthwiseCall(context: LowerContext): KernelCall {
  const g = lyingDown(geometry(context));
  const folded = packed(context);
  const weights = Int8Array.from(stripsOf(conv.constantOf(context, 1).data as Int8Array, g.channels));
  const fields = {
    ...spatialFields(g),
    groups: { int: g.group },
    x_zero: { int: conv.zeroOf(g.x) },
    ...conv.weightFields({ ...folded, weights }),
    output: { fields: conv.outputFields(context, g.x, g.w) },
  };
  const { kernel, strides, dilations, output } = g.window;
  const ringHeight = (kernel[0]! - 1) * dilations[0]! + 1;
  const ringWidth = (output[1]! - 1) * strides[1]! + (kernel[1]! - 1) * dilations[1]! + 1;
  return call(context, 'nanoc_depthwise_s8', 'nanoc_conv_s8_params', fields, {
    scratch: { bytes: 4 * ringHeight * ringWidth, alignment: 4 },
    overlaps: [{ input: g.x.name, output: g.y.name, lead: rowsLead(g) * g.channels, multiple: g.channels }],
    remarks: conv.accumulatorRemarks(folded.accumulator),
  });
}

/** Weights [channels][taps] as [channels / 4][taps][4]; the last strip is filled up with zeros. */
function stripsOf(source: ArrayLike<number>, channels: number): number[] {
  const taps = source.length / channels;
  return Array.from({ length: Math.ceil(channels / 4) * 4 * taps }, (_, i) => {
    const channel = 4 * Math.floor(i / (4 * taps)) + (i % 4);
    return channel < channels ? source[channel * taps + (Math.floor(i / 4) % taps)]! : 0;
  });
}

function floatCall(context: LowerContext): KernelCall {
  const { w, outputs, group } = geometry(context);
  const weights = conv.channelsLast(conv.constantOf(context, 1).data as Float32Array, w.shape);
  return windowCall(context, 'nanoc_conv_f32', conv.inBlocksOfFour(weights, outputs, group));
}

function floatDepthwiseCall(context: LowerContext): KernelCall {
  const weights = stripsOf(conv.constantOf(context, 1).data as Float32Array, geometry(context).channels);
  return windowCall(context, 'nanoc_depthwise_f32', Float32Array.from(weights));
}

/** A float kernel that finishes one pixel after the other. */
function windowCall(context: LowerContext, name: string, weights: Float32Array): KernelCall {
  const g = geometry(context);
  const fields = {
    ...spatialFields(g),
    groups: { int: g.group },
    weights: { constant: { suffix: 'weights', data: weights, role: 'weights' as const } },
    bias: conv.floatBiasField(context.input(2)),
    ...conv.floatClampFields(context),
  };
  const overlap = {
    input: g.x.name,
    output: g.y.name,
    lead: windowLead({ ...g, inputPixel: 4 * g.channels, outputPixel: 4 * g.outputs, order: 'whole' }),
  };
  return call(context, name, 'nanoc_conv_f32_params', fields, { alignment: 4, overlaps: [overlap] });
}

/** What the sums of nanoc_depthwise_s16 hold. */
const MOST_TAPS = 255;

function isShortDepthwise(context: LowerContext): true | string {
  const { w, window } = geometry(context);
  if (window.kernel.reduce((a, b) => a * b) > MOST_TAPS) return `more than ${MOST_TAPS} taps`;
  if (w.quantization!.zeroPoint.some((zero) => zero !== 0)) return 'the weights have a zero point';
  return hasOwnFilters(context);
}

function halfwordPointwiseCall(context: LowerContext): KernelCall {
  const g = geometry(context);
  const weights = conv.constantOf(context, 1).data as Int8Array;
  return halfwordRows(context, weights, g.batches * g.height * g.width, g.channels, g.outputs);
}

function halfwordConvCall(context: LowerContext): KernelCall {
  const g = geometry(context);
  const rows = conv.channelsLast(conv.constantOf(context, 1).data as Int8Array, g.w.shape);
  const fields = {
    ...spatialFields(g),
    groups: { int: g.group },
    x_zero: { int: conv.zeroOf(g.x) },
    ...halfwordFields(context, rows, g.outputs, g.group),
    output: { fields: conv.outputFields(context, g.x, g.w) },
  };
  const walk = { ...g, inputPixel: 2 * g.channels, outputPixel: 2 * g.outputs, order: 'buffered' } as const;
  return call(context, 'nanoc_conv_s16', 'nanoc_conv_s16_params', fields, {
    header: 'nanoc/halfwords.h',
    sources: ['conv', 'one_row'].map((name) => `portable/nanoc_${name}_s16.c`),
    scratch: { bytes: 2 * g.window.kernel[0]! * g.window.kernel[1]! * g.channels, alignment: 2 },
    overlaps: [{ input: g.x.name, output: g.y.name, lead: windowLead(walk) }],
    alignment: 2,
  });
}

function halfwordDepthwiseCall(context: LowerContext): KernelCall {
  const g = geometry(context);
  const weights = conv.transposed(conv.constantOf(context, 1).data as Int8Array, g.channels);
  const bias = context.input(2) === undefined ? undefined : (conv.constantOf(context, 2).data as Int32Array);
  const plain = BigInt64Array.from({ length: g.channels }, (_, c) => BigInt(bias?.[c] ?? 0));
  const fields = {
    ...spatialFields(g),
    groups: { int: g.group },
    x_zero: { int: conv.zeroOf(g.x) },
    weights: { constant: { suffix: 'weights', data: weights, role: 'weights' as const } },
    bias: { constant: { suffix: 'bias', data: plain, role: 'bias' as const } },
    weight_zeros: { text: 'NULL' },
    output: { fields: conv.outputFields(context, g.x, g.w) },
  };
  const walk = { ...g, inputPixel: 2 * g.channels, outputPixel: 2 * g.channels, order: 'channelwise' } as const;
  return call(context, 'nanoc_depthwise_s16', 'nanoc_conv_s16_params', fields, {
    header: 'nanoc/halfwords.h',
    overlaps: [{ input: g.x.name, output: g.y.name, lead: windowLead(walk) }],
    alignment: 2,
  });
}
