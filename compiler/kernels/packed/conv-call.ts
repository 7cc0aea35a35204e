/** Kernel options of Conv and of MatMul with several rows: a block of pixels at a time. */

import type { KernelCall } from '../../ir/kernel-call.js';
import type { Feature } from '../../ir/target.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { macsOf } from '../../ops/shared/convolution.js';
import { leadOfSteps, windowLead } from '../../ops/shared/overlap.js';
import { windowOf } from '../../ops/shared/window.js';
import { clamps } from '../arm-dsp/layer.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { convLayer, matmulLayer, rowsOf } from '../nodes.js';
import type { PackedConv, PackedConvShape } from './conv-shape.js';
import { exactFraction, paramsOf, requantizationRemarks } from './layer.js';
import { whyNotConv, whyNotMatmul } from './nodes.js';
import { type Core, modesOf, type PackedStream, packLayer } from './stream.js';

/** Makes the kernels of a core. */
export interface ConvMaker {
  readonly core: Core;
  /** Pixels that are read whole before the first of them is written. */
  readonly together: number;
  generate(shape: PackedConvShape): PackedConv;
}

/** The maker for a layer with so many output pixels. */
export type MakerOf = (context: LowerContext, pixels: number, layer: StreamLayer) => ConvMaker;

export function convOption(core: string, feature: Feature, makerOf: MakerOf): KernelOption {
  return {
    function: `nanoc_conv_${core}`,
    family: 'native',
    needs: [feature],
    when: whyNotConv,
    build: (context) => ({ call: convCall(context, makerOf) }),
  };
}

export function matmulOption(core: string, feature: Feature, makerOf: MakerOf): KernelOption {
  return {
    function: `nanoc_conv_${core}`,
    family: 'native',
    needs: [feature],
    when: whyNotMatmul,
    build: (context) => ({ call: matmulCall(context, makerOf) }),
  };
}

function convCall(context: LowerContext, makerOf: MakerOf): KernelCall {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const [batches, inHeight, inWidth, inChannels] = x.shape as [number, number, number, number];
  const [, outHeight, outWidth, outChannels] = y.shape as [number, number, number, number];
  const window = windowOf(context, [inHeight, inWidth], w.shape.slice(2));
  const layer = convLayer(context, 'wide');
  const maker = makerOf(context, outHeight * outWidth, layer);
  const stream = packLayer(layer, maker.core);
  const shape: PackedConvShape = {
    ...{ batches, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels },
    ...{ kernelHeight: window.kernel[0]!, kernelWidth: window.kernel[1]! },
    ...{ strideHeight: window.strides[0]!, strideWidth: window.strides[1]! },
    ...{ padTop: window.pads[0]!, padLeft: window.pads[1]! },
    ...{ modes: modesOf(stream), surplus: stream.surplus, clamps: clamps(layer) },
    exactFraction: exactFraction(stream.scales),
    ...{ low: layer.low, high: layer.high },
  };
  const [inputPixel, outputPixel] = [inChannels, outChannels];
  const walk = { batches, height: inHeight, width: inWidth, inputPixel, outputPixel, window } as const;
  const lead = windowLead({ ...walk, order: 'buffered', together: maker.together });
  return packedCall(context, layer, stream, maker.generate(shape), lead);
}

/** Rows are the pixels of a 1x1 convolution. */
function matmulCall(context: LowerContext, makerOf: MakerOf): KernelCall {
  const layer = matmulLayer(context, 'wide');
  const rows = rowsOf(context);
  const maker = makerOf(context, rows, layer);
  const stream = packLayer(layer, maker.core);
  const [inner, columns] = [layer.inner, layer.channels.length];
  const shape: PackedConvShape = {
    ...{ batches: 1, inHeight: 1, inWidth: rows, inChannels: inner, outHeight: 1, outWidth: rows },
    ...{ outChannels: columns, kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1 },
    ...{ padTop: 0, padLeft: 0, modes: modesOf(stream), surplus: stream.surplus, clamps: clamps(layer) },
    exactFraction: exactFraction(stream.scales),
    ...{ low: layer.low, high: layer.high },
  };
  const { together } = maker;
  const steps = Array.from({ length: Math.ceil(rows / together) }, (_, block) => ({
    readStart: together * block * inner,
    writeEnd: Math.min(together * (block + 1), rows) * columns,
  }));
  return packedCall(context, layer, stream, maker.generate(shape), leadOfSteps(steps, rows * inner));
}

/** The call of a generated function; `lead` of its output over its input. */
function packedCall(
  context: LowerContext,
  layer: StreamLayer,
  stream: PackedStream,
  generated: PackedConv,
  lead: number,
): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  return {
    node: context.node,
    family: 'native',
    function: generated.function,
    header: generated.header,
    sources: [],
    generated: generated.generated,
    assemblyStack: generated.assemblyStack,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'scratch' },
      paramsOf(context, layer, stream),
    ],
    scratch: { bytes: generated.scratchBytes, alignment: 8 },
    overlaps: [{ input: x.name, output: y.name, lead }],
    macs: macsOf(y, layer.inner),
    remarks: requantizationRemarks(stream),
  };
}
