/** `--optimize size`: one driver and one inner product for all convolutions and matrix products, their shapes in the parameters. */
import type { Argument, KernelCall } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { macsOf } from '../../ops/shared/convolution.js';
import { SAVED_BYTES } from './assembly.js';
import type { DspConvShape } from './conv.js';
import { paramsOf } from './layer.js';
import { paddedInner, type Stream, type StreamLayer } from './stream.js';

/** Two windows widened, and two copied, whose place the outputs of a last single pixel and its neighbour take. */
export function anyScratchBytes(inner: number, outputs: number, pixels: number): number {
  return 4 * paddedInner(inner) + 2 * Math.max(paddedInner(inner), pixels % 2 === 1 ? outputs : 0);
}

/**
 * @param stream all of its segments exact
 * @param lead as of the generated kernels: two pixels are read whole before either is written
 */
export function anyCall(
  context: LowerContext,
  shape: DspConvShape,
  layer: StreamLayer,
  stream: Stream,
  lead: number,
): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const inner = paddedInner(layer.inner);
  const pixels = shape.batches * shape.outHeight * shape.outWidth;
  return {
    node: context.node,
    family: 'native',
    function: 'nanoc_conv_any_dsp',
    header: 'nanoc/dsp_any.h',
    sources: ['arm-dsp/nanoc_conv_any_dsp.c', 'arm-dsp/nanoc_gemm_any_dsp.c'],
    assemblyStack: SAVED_BYTES,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'scratch' },
      anyParams(shape, inner, paramsOf(context, layer, stream)),
    ],
    scratch: { bytes: anyScratchBytes(inner, shape.outChannels, pixels), alignment: 8 },
    overlaps: [{ input: x.name, output: y.name, lead }],
    macs: macsOf(y, layer.inner),
    remarks: ['all channels are requantized in float, by code that all such layers share (--optimize size)'],
  };
}

function anyParams(shape: DspConvShape, inner: number, layer: Argument): Argument {
  if (layer.kind !== 'params') throw new Error('the parameters of a layer are a struct');
  return {
    kind: 'params',
    struct: 'nanoc_dsp_any_params',
    fields: {
      batches: { int: shape.batches },
      in_h: { int: shape.inHeight },
      in_w: { int: shape.inWidth },
      in_c: { int: shape.inChannels },
      out_h: { int: shape.outHeight },
      out_w: { int: shape.outWidth },
      out_c: { int: shape.outChannels },
      kernel_h: { int: shape.kernelHeight },
      kernel_w: { int: shape.kernelWidth },
      stride_h: { int: shape.strideHeight },
      stride_w: { int: shape.strideWidth },
      pad_top: { int: shape.padTop },
      pad_left: { int: shape.padLeft },
      inner: { int: inner },
      layer: { fields: layer.fields },
    },
  };
}
