/** The kernel option of Conv 3x3 at stride 1 for cores with the DSP extension and an FPU, where speed is worth flash. */
import type { KernelCall } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { macsOf } from '../../ops/shared/convolution.js';
import { leadOfSteps } from '../../ops/shared/overlap.js';
import { windowOf } from '../../ops/shared/window.js';
import { dspConvLayer, whyNotConv } from './conv-kernel.js';
import { clamps, kindsOf, paramsOf, requantizationRemarks } from './layer.js';
import type { Stream, StreamLayer } from './stream.js';
import { generateWinograd, type WinogradShape } from './winograd.js';
import { WINOGRAD_STACK } from './winograd-assembly.js';
import { packWinograd } from './winograd-stream.js';

/** With fewer the transforms of inputs and outputs cost more than the products that they save. */
const FEWEST_CHANNELS = 8;
/** Offsets of twelve bits reach over so many. */
const MOST_CHANNELS = 800;
/** 4 * sum and its tweak stay in 32 bits. */
const LARGEST_SUM = 2 ** 29 - 2 ** 16;

export const dspWinograd: KernelOption = {
  function: 'nanoc_winograd_dsp',
  family: 'native',
  needs: ['dsp', 'fpu'],
  when: whyNot,
  build: (context) => {
    const layer = dspConvLayer(context);
    return { call: winogradCall(context, layer, packWinograd(layer)) };
  },
};

function whyNot(context: LowerContext): true | string {
  if (context.optimize !== 'speed') return 'its weights take 3.6 bytes each, which --optimize speed allows';
  const refusal = whyNotConv(context);
  if (refusal !== true) return refusal;
  const [, inChannels, kernelHeight, kernelWidth] = context.required(1).shape as [number, number, number, number];
  if (kernelHeight !== 3 || kernelWidth !== 3 || context.ints('strides').some((s) => s !== 1))
    return 'not 3x3 at stride 1';
  const [, outHeight, outWidth, outChannels] = context.output(0).shape as [number, number, number, number];
  if (outHeight % 2 !== 0 || outWidth % 4 !== 0) return 'the output is not made of blocks of two rows and four columns';
  if (inChannels % 4 !== 0) return 'the number of input channels is no multiple of four';
  if (inChannels > MOST_CHANNELS || 3 * outChannels > MOST_CHANNELS)
    return 'too many channels for the offsets of its stores';
  if (inChannels < FEWEST_CHANNELS || outChannels < FEWEST_CHANNELS) return `fewer than ${FEWEST_CHANNELS} channels`;
  const tooLarge = dspConvLayer(context).channels.some(
    ({ reach }) => reach.greatest > LARGEST_SUM || reach.least < -LARGEST_SUM,
  );
  return tooLarge ? 'a sum can leave 29 bits' : true;
}

function shapeOf(context: LowerContext, layer: StreamLayer, stream: Stream): WinogradShape {
  const x = context.required(0);
  const [batches, inHeight, inWidth, inChannels] = x.shape as [number, number, number, number];
  const [, outHeight, outWidth, outChannels] = context.output(0).shape as [number, number, number, number];
  const [padTop, padLeft] = windowOf(context, x.shape.slice(1, 3), [3, 3]).pads as [number, number];
  return {
    ...{ batches, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padTop, padLeft },
    ...{ shift: stream.shift, kinds: kindsOf(stream), clamps: clamps(layer) },
  };
}

function winogradCall(context: LowerContext, layer: StreamLayer, stream: Stream): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const shape = shapeOf(context, layer, stream);
  const generated = generateWinograd(shape);
  return {
    node: context.node,
    family: 'native',
    function: generated.function,
    header: generated.header,
    sources: [],
    generated: generated.generated,
    assemblyStack: WINOGRAD_STACK,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'scratch' },
      paramsOf(context, layer, stream),
    ],
    scratch: { bytes: generated.scratchBytes, alignment: 8 },
    overlaps: [{ input: x.name, output: y.name, lead: blockLead(shape) }],
    macs: macsOf(y, layer.inner),
    remarks: [
      ...requantizationRemarks(stream),
      `16 products instead of 36 for four outputs: ${4 * stream.words.length} B of constants instead of some ${layer.weights.length} B`,
    ],
  };
}

/** A block of two rows and four columns is read whole before any of it is written. */
function blockLead(shape: WinogradShape): number {
  const { batches, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padTop, padLeft } = shape;
  const steps = [];
  for (let batch = 0; batch < batches; batch += 1) {
    for (let oy = 0; oy < outHeight; oy += 2) {
      for (let ox = 0; ox < outWidth; ox += 4) {
        const [row, column] = [Math.max(0, oy - padTop), Math.max(0, ox - padLeft)];
        const nothing = row >= inHeight || column >= inWidth;
        const pixel = (batch * inHeight + row) * inWidth + column;
        steps.push({
          readStart: nothing ? Number.POSITIVE_INFINITY : pixel * inChannels,
          writeEnd: ((batch * outHeight + oy + 1) * outWidth + ox + 4) * outChannels,
        });
      }
    }
  }
  return leadOfSteps(steps, batches * inHeight * inWidth * inChannels);
}
