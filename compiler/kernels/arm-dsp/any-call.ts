/**
 * `--optimize size`: one driver and one inner product for all convolutions and matrix products, and one for products of a single
 * row; their shapes are in the parameters.
 */
import type { Argument, KernelCall } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { macsOf } from '../../ops/shared/convolution.js';
import { SAVED_BYTES } from './assembly.js';
import type { DspConvShape } from './conv.js';
import { packedRowsOf, paramsOf } from './layer.js';
import { packStream, paddedInner, type Stream, type StreamLayer } from './stream.js';

const SHARED = 'all channels are requantized in float, by code that all such layers share (--optimize size)';

/** Bytes of nanoc_matvec_unbiased_dsp and nanoc_dot_unbiased_dsp on the M4. */
const UNBIASED_CODE = 552;

/** Whether a row's product has no bias, and the model so many of these that their starts take more than code of their own. */
export function leavesStarts({ graph }: LowerContext, layer: StreamLayer): boolean {
  if (layer.unbiased !== true) return false;
  const channels = graph.nodes.map(({ op, inputs }) => {
    const weights = graph.values.get(inputs[1] ?? '');
    return op === 'MatMul' && inputs[2] === undefined && weights?.constant !== undefined ? weights.shape.at(-1)! : 0;
  });
  return 4 * channels.reduce((sum, each) => sum + each, 0) > UNBIASED_CODE;
}

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
    remarks: [SHARED],
  };
}

/**
 * One row of inputs that lie one behind the other, a multiple of four.
 * @param layer of a byte a weight, without sums behind the inputs
 */
export function anyRowCall(context: LowerContext, layer: StreamLayer): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const [product, starts] = leavesStarts(context, layer) ? (['unbiased', 0] as const) : (['any', 4] as const);
  const stream = packStream(layer, 4, 'bytes', starts === 0 ? 'exact without starts' : 'exact');
  const params = paramsOf(context, layer, stream);
  return {
    node: context.node,
    family: 'native',
    function: `nanoc_matvec_${product}_dsp`,
    header: 'nanoc/dsp_any.h',
    sources: [`arm-dsp/nanoc_matvec_${product}_dsp.c`, `arm-dsp/nanoc_dot_${product}_dsp.c`],
    assemblyStack: SAVED_BYTES,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      withLayer('nanoc_dsp_any_row_params', { inner: layer.inner, columns: layer.channels.length }, params),
    ],
    overlaps: [],
    alignment: 4,
    ...packedRowsOf(layer, params, starts),
    macs: macsOf(y, layer.inner),
    remarks: [SHARED],
  };
}

/** A struct of numbers and, last, that of the layer. */
function withLayer(struct: string, numbers: Readonly<Record<string, number>>, layer: Argument): Argument {
  if (layer.kind !== 'params') throw new Error('the parameters of a layer are a struct');
  const fields = Object.entries(numbers).map(([name, int]) => [name, { int }] as const);
  return { kind: 'params', struct, fields: { ...Object.fromEntries(fields), layer: { fields: layer.fields } } };
}

function anyParams(shape: DspConvShape, inner: number, layer: Argument): Argument {
  const numbers = {
    batches: shape.batches,
    in_h: shape.inHeight,
    in_w: shape.inWidth,
    in_c: shape.inChannels,
    out_h: shape.outHeight,
    out_w: shape.outWidth,
    out_c: shape.outChannels,
    kernel_h: shape.kernelHeight,
    kernel_w: shape.kernelWidth,
    stride_h: shape.strideHeight,
    stride_w: shape.strideWidth,
    pad_top: shape.padTop,
    pad_left: shape.padLeft,
    inner,
  };
  return withLayer('nanoc_dsp_any_params', numbers, layer);
}
