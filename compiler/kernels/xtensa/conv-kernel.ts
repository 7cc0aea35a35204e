/** Kernel options of Conv and MatMul for Xtensa cores with MAC16 and FPU: blocks of pixels widened to halfwords, two channels at a time. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { macsOf, outputScales, zeroOf } from '../../ops/shared/convolution.js';
import { leadOfSteps, windowLead } from '../../ops/shared/overlap.js';
import { windowOf } from '../../ops/shared/window.js';
import type { ZeroPointForm } from '../arm-dsp/layer.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { convLayer, matmulLayer, rowsOf, whyNotMatrix } from '../nodes.js';
import { LX_FEATURES, outputField, scratchRoom } from './layer.js';
import { packLx, whyNotLx } from './pack.js';

/** A zero point that stays is taken off with the sum of the inputs. */
const FORM: ZeroPointForm = 'centred';

export const lxConv: KernelOption = {
  function: 'nanoc_conv_lx_s8',
  family: 'native',
  needs: LX_FEATURES,
  when: (context) => {
    if (context.required(0).quantization === undefined) return 'the input is float32';
    if (context.int('group') !== 1) return 'grouped';
    if (context.ints('dilations').some((d) => d !== 1)) return 'dilated';
    return whyNotLx(convLayer(context, FORM)) ?? true;
  },
  build: (context) => ({ call: convCall(context) }),
};

export const lxMatmul: KernelOption = {
  function: 'nanoc_conv_lx_s8',
  family: 'native',
  needs: LX_FEATURES,
  when: (context) => {
    return whyNotMatrix(context) ?? whyNotLx(matmulLayer(context, FORM)) ?? true;
  },
  build: (context) => ({ call: matmulCall(context) }),
};

/** Pixels of a block: what parting the weights costs is divided by them, and each takes 2 bytes an input of scratch. */
const BLOCK = { size: 4, balanced: 8, speed: 16 } as const;

function blockOf(context: LowerContext, pixels: number, quads: number): number {
  const room = Math.floor(scratchRoom(context) / (8 * quads));
  return Math.max(1, Math.min(BLOCK[context.optimize ?? 'balanced'], room, pixels));
}

/**
 * Weights of a channel (not for a single pixel), windows, two words a pixel, three with zero points, a window's bytes; the word behind the
 * last window is read too.
 */
function scratchWords(quads: number, block: number, inWords: boolean, zeros: boolean): number {
  return 2 * quads * (block === 1 ? 1 : block + 1) + (zeros ? 3 : 2) * block + (inWords ? 0 : quads);
}

function convCall(context: LowerContext): KernelCall {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const [batches, inHeight, inWidth, inChannels] = x.shape as [number, number, number, number];
  const [, outHeight, outWidth, outChannels] = y.shape as [number, number, number, number];
  const window = windowOf(context, [inHeight, inWidth], w.shape.slice(2));
  const layer = convLayer(context, FORM);
  const block = blockOf(context, outHeight * outWidth, Math.ceil(layer.inner / 4));
  const sizes = {
    ...{ batches, in_h: inHeight, in_w: inWidth, in_c: inChannels, out_h: outHeight, out_w: outWidth },
    ...{ out_c: outChannels, kernel_h: window.kernel[0]!, kernel_w: window.kernel[1]! },
    ...{ stride_h: window.strides[0]!, stride_w: window.strides[1]! },
    ...{ pad_top: window.pads[0]!, pad_left: window.pads[1]! },
  };
  const walk = { batches, height: inHeight, width: inWidth, inputPixel: inChannels, outputPixel: outChannels, window };
  return lxCall(context, layer, sizes, block, windowLead({ ...walk, order: 'buffered', together: block }));
}

/** Rows are the pixels of a 1x1 convolution. */
function matmulCall(context: LowerContext): KernelCall {
  const layer = matmulLayer(context, FORM);
  const [inner, columns] = [layer.inner, layer.channels.length];
  const rows = rowsOf(context);
  const block = blockOf(context, rows, Math.ceil(inner / 4));
  const sizes = {
    ...{ batches: 1, in_h: 1, in_w: rows, in_c: inner, out_h: 1, out_w: rows, out_c: columns },
    ...{ kernel_h: 1, kernel_w: 1, stride_h: 1, stride_w: 1, pad_top: 0, pad_left: 0 },
  };
  const steps = Array.from({ length: Math.ceil(rows / block) }, (_, i) => ({
    readStart: block * i * inner,
    writeEnd: Math.min(block * (i + 1), rows) * columns,
  }));
  return lxCall(context, layer, sizes, block, leadOfSteps(steps, rows * inner));
}

function lxCall(
  context: LowerContext,
  layer: StreamLayer,
  sizes: Readonly<Record<string, number>>,
  block: number,
  lead: number,
): KernelCall {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const { words, starts, factors, quads } = packLx(layer);
  const inWords = sizes.in_c! % 4 === 0;
  const ints = Object.entries({ ...sizes, quads, block, x_zero: zeroOf(x) });
  const fields: Record<string, ParamValue> = {
    ...Object.fromEntries(ints.map(([name, int]): [string, ParamValue] => [name, { int }])),
    weights: { constant: { suffix: 'weights', data: words, role: 'weights', alignment: 4 } },
    start: { constant: { suffix: 'start', data: starts, role: 'bias' } },
    factor:
      factors === undefined ? { text: 'NULL' } : { constant: { suffix: 'factor', data: factors, role: 'parameters' } },
    output: outputField(layer, outputScales(x, w, y)),
  };
  return {
    node: context.node,
    family: 'native',
    function: 'nanoc_conv_lx_s8',
    header: 'nanoc/xtensa.h',
    sources: ['xtensa/nanoc_conv_lx_s8.c'],
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'scratch' },
      { kind: 'params', struct: 'nanoc_lx_conv_params', fields },
    ],
    scratch: { bytes: scratchWords(quads, block, inWords, factors !== undefined) * 4, alignment: 8 },
    overlaps: [{ input: x.name, output: y.name, lead }],
    ...(inWords ? { alignment: 4 } : {}),
    macs: macsOf(y, layer.inner),
  };
}
