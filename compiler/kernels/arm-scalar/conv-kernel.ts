/** The kernel options of Conv for Armv7-M and Armv6-M cores. */
import type { KernelCall } from '../../ir/kernel-call.js';
import type { Feature } from '../../ir/target.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { channelsLast, constantOf, macsOf } from '../../ops/shared/convolution.js';
import { windowLead } from '../../ops/shared/overlap.js';
import { windowOf } from '../../ops/shared/window.js';
import { clamps, hasZeroPoints, layerOf } from '../arm-dsp/layer.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { generateConv, modesOf, type PackedConvShape } from './conv.js';
import { gemmStack } from './gemm.js';
import { v6m } from './gemm-v6m.js';
import { v7m } from './gemm-v7m.js';
import { exactFraction, paramsOf, requantizationRemarks } from './layer.js';
import { type Core, type PackedStream, packLayer, whyNotPacked } from './stream.js';

export const FEATURES: Record<Core['name'], Feature> = { v7m: 'armv7m', v6m: 'armv6m' };

function convOption(core: Core): KernelOption {
  return {
    function: `nanoc_conv_${core.name}`,
    family: 'native',
    needs: [FEATURES[core.name]],
    when: whyNot,
    build: (context) => ({ call: buildCall(context, core) }),
  };
}

export const v7mConv = convOption(v7m);
export const v6mConv = convOption(v6m);

function whyNot(context: LowerContext): true | string {
  const x = context.required(0);
  if (x.quantization === undefined) return 'the input is float32';
  if (context.int('group') !== 1) return 'grouped';
  if (context.ints('dilations').some((d) => d !== 1)) return 'dilated';
  if (hasZeroPoints(context)) return 'the weights have a zero point';
  const [, height, width] = context.output(0).shape as [number, number, number];
  if (height * width < 2) return 'a single output pixel';
  return whyNotPacked(convLayer(context)) ?? true;
}

/** x and y are NHWC, the weights [M, C, kH, kW]. */
export function convLayer(context: LowerContext): StreamLayer {
  const { shape } = context.required(1);
  return layerOf(context, channelsLast(constantOf(context, 1).data as Int8Array, shape), shape[0]!);
}

function buildCall(context: LowerContext, core: Core): KernelCall {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const [batches, inHeight, inWidth, inChannels] = x.shape as [number, number, number, number];
  const [, outHeight, outWidth, outChannels] = y.shape as [number, number, number, number];
  const window = windowOf(context, [inHeight, inWidth], w.shape.slice(2));
  const layer = convLayer(context);
  const stream = packLayer(layer, core);
  const shape: PackedConvShape = {
    ...{ batches, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels },
    ...{ kernelHeight: window.kernel[0]!, kernelWidth: window.kernel[1]! },
    ...{ strideHeight: window.strides[0]!, strideWidth: window.strides[1]! },
    ...{ padTop: window.pads[0]!, padLeft: window.pads[1]! },
    ...{ modes: modesOf(stream), surplus: stream.surplus, clamps: clamps(layer) },
    exactFraction: exactFraction(stream.scales),
  };
  const [inputPixel, outputPixel] = [inChannels, outChannels];
  // Two pixels are read whole before either is written.
  const walk = { batches, height: inHeight, width: inWidth, inputPixel, outputPixel, window } as const;
  const lead = windowLead({ ...walk, order: 'buffered', together: 2 });
  return packedCall(context, core, layer, stream, shape, lead);
}

/** The call for a shape; `lead` of its output over its input. */
export function packedCall(
  context: LowerContext,
  core: Core,
  layer: StreamLayer,
  stream: PackedStream,
  shape: PackedConvShape,
  lead: number,
): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const generated = generateConv(core, shape);
  return {
    node: context.node,
    family: 'native',
    function: generated.function,
    header: generated.header,
    sources: [],
    generated: generated.generated,
    assemblyStack: gemmStack(core),
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
