/** The kernel option of depthwise Conv of any window for cores with MVE. */

import type { KernelCall } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { constantOf, macsOf } from '../../ops/shared/convolution.js';
import { leadOfSteps, windowLead } from '../../ops/shared/overlap.js';
import { windowOf } from '../../ops/shared/window.js';
import { depthwiseInstructions } from '../arm-dsp/cost.js';
import { dspDepthwise } from '../arm-dsp/depthwise-kernel.js';
import { clamps } from '../arm-dsp/layer.js';
import { dspWindow } from '../arm-dsp/window-kernel.js';
import { depthwiseLayer, whyNotDepthwise } from '../nodes.js';
import { repeatedName, repeatTaps } from '../repeated-taps.js';
import { windowInstructions } from './cost.js';
import { type Geometry, geometryOf } from './geometry.js';
import { mveParams, sumRemarks } from './layer.js';
import { generatePlanes, packPlanes, planesCost, upright, whyNotPlanes } from './planes.js';
import type { Generated } from './source.js';
import { generateWindow, packWindow, readsWords, runsOf, windowCost } from './window.js';

/** Any window, whether or not it is the fastest way. */
export const anyWindow: KernelOption = {
  function: 'nanoc_window_mve',
  family: 'native',
  needs: ['mve', 'fpu'],
  when: (context) => whyNotDepthwise(context) ?? true,
  build: (context) => ({ call: windowCall(context) }),
};

/** Any window, where no other way takes fewer instructions: most lanes are idle where channels are few. */
export const mveWindow: KernelOption = {
  ...anyWindow,
  when: (context) => {
    const fits = anyWindow.when!(context);
    if (fits !== true) return fits;
    const g = geometryOf(context);
    const fours = dspDepthwise.when!(context) === true;
    const better =
      (g.inChannels <= 4 && dspWindow.when!(context) === true) ||
      (fours && depthwiseInstructions(g, 0) < windowInstructions(g, generatedFor(g, repeatedLayer(context))));
    return !better || 'four channels at a time take fewer instructions';
  },
};

/** Narrow images, whether or not it is the fastest way for them. */
export const anyPlanes: KernelOption = {
  function: 'nanoc_planes_mve',
  family: 'native',
  needs: ['mve', 'fpu'],
  when: (context) => {
    const refusal = whyNotDepthwise(context) ?? whyNotPlanes(upright(geometryOf(context)));
    if (refusal !== undefined) return refusal;
    return repeatedName(repeatedLayer(context).taps) === '' || 'a weight less its zero point leaves int8';
  },
  build: (context) => ({ call: planesCall(context) }),
};

/** Narrow images with enough outputs a channel. */
export const mvePlanes: KernelOption = {
  ...anyPlanes,
  when: (context) => {
    const fits = anyPlanes.when!(context);
    if (fits !== true) return fits;
    const g = geometryOf(context);
    const cheaper = planesCost(upright(g)) * g.batches < windowCost(g, runsOf(repeatedLayer(context).layer).length);
    return cheaper || 'sixteen channels at a time take fewer instructions';
  },
};

/** Weights [channels][taps]; the zero point of x is in the bias. */
function repeatedLayer(context: LowerContext): ReturnType<typeof repeatTaps> {
  return repeatTaps(depthwiseLayer(context));
}

/** Biases without the zero point of x, which the kernel takes off where taps are in the image. */
function rawBiases(context: LowerContext, channels: number): ArrayLike<number> {
  return context.input(2) === undefined ? new Int32Array(channels) : (constantOf(context, 2).data as Int32Array);
}

function planesCall(context: LowerContext): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const { layer } = repeatedLayer(context);
  const g = upright(geometryOf(context));
  const generated = generatePlanes({ geometry: g, clamps: clamps(layer) });
  const words = packPlanes(layer, rawBiases(context, layer.channels.length));
  return {
    node: context.node,
    family: 'native',
    function: generated.function,
    header: generated.header,
    sources: [],
    generated: generated.generated,
    assemblyStack: generated.stack,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'scratch' },
      mveParams(context, layer, words),
    ],
    scratch: { bytes: generated.scratchBytes, alignment: 16 },
    overlaps: [{ input: x.name, output: y.name, lead: planesLead(g), multiple: g.inChannels }],
    macs: macsOf(y, layer.inner),
    remarks: sumRemarks(layer),
  };
}

/** All pixels of a channel of an image are read before any is written. */
function planesLead(g: Geometry): number {
  const [input, output] = [g.inHeight * g.inWidth * g.inChannels, g.outHeight * g.outWidth * g.outChannels];
  const steps = Array.from({ length: g.batches }, (_, batch) => ({
    readStart: batch * input,
    writeEnd: (batch + 1) * output,
  }));
  return leadOfSteps(steps, g.batches * input);
}

function generatedFor(geometry: Geometry, { layer, taps }: ReturnType<typeof repeatTaps>): Generated {
  return generateWindow({ geometry, runs: runsOf(layer), taps, clamps: clamps(layer) });
}

function windowCall(context: LowerContext): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const repeated = repeatedLayer(context);
  const { layer } = repeated;
  const geometry = geometryOf(context);
  const generated = generatedFor(geometry, repeated);
  const { batches, inHeight: height, inWidth: width, inChannels: channels } = geometry;
  const window = windowOf(context, [height, width], context.required(1).shape.slice(2));
  const walk = { batches, height, width, inputPixel: channels, outputPixel: channels, window };
  return {
    node: context.node,
    family: 'native',
    function: generated.function,
    header: generated.header,
    sources: [],
    generated: generated.generated,
    assemblyStack: generated.stack,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      ...(generated.scratchBytes > 0 ? [{ kind: 'scratch' as const }] : []),
      mveParams(context, layer, packWindow(layer, runsOf(layer))),
    ],
    ...(generated.scratchBytes > 0 ? { scratch: { bytes: generated.scratchBytes, alignment: 16 } } : {}),
    ...(readsWords(geometry) ? { alignment: 4 } : {}),
    // Sixteen channels are written when all their taps have been read.
    overlaps: [{ input: x.name, output: y.name, lead: windowLead({ ...walk, order: 'channelwise' }) }],
    macs: macsOf(y, geometry.kernelHeight * geometry.kernelWidth),
    remarks: sumRemarks(layer),
  };
}
