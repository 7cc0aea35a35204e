/** The kernel option of depthwise Conv of any window for cores with MVE. */
import type { KernelCall } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { constantOf, macsOf } from '../../ops/shared/convolution.js';
import { windowLead } from '../../ops/shared/overlap.js';
import { windowOf } from '../../ops/shared/window.js';
import { clamps, hasZeroPoints, layerOf } from '../arm-dsp/layer.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { geometryOf } from './geometry.js';
import { mveParams, sumRemarks } from './layer.js';
import { generateWindow, packWindow, readsWords, runsOf } from './window.js';

export const mveWindow: KernelOption = {
  function: 'nanoc_window_mve',
  family: 'native',
  needs: ['mve', 'fpu'],
  when: (context) => whyNotDepthwise(context) ?? true,
  build: (context) => ({ call: buildCall(context) }),
};

export function whyNotDepthwise(context: LowerContext): string | undefined {
  const x = context.required(0);
  if (x.quantization === undefined) return 'the input is float32';
  const [channels, perGroup] = context.required(1).shape as [number, number];
  if (perGroup !== 1 || context.int('group') !== channels || channels !== x.shape[3])
    return 'not one filter for each channel';
  return hasZeroPoints(context) ? 'the weights have a zero point' : undefined;
}

/** Weights [channels][taps]; the zero point of x is in the bias. */
export function depthwiseLayer(context: LowerContext): StreamLayer {
  return layerOf(context, constantOf(context, 1).data as Int8Array, context.required(1).shape[0]!);
}

function buildCall(context: LowerContext): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const layer = depthwiseLayer(context);
  const geometry = geometryOf(context);
  const runs = runsOf(layer);
  const generated = generateWindow({ geometry, runs, clamps: clamps(layer) });
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
      mveParams(context, layer, packWindow(layer, runs)),
    ],
    ...(generated.scratchBytes > 0 ? { scratch: { bytes: generated.scratchBytes, alignment: 16 } } : {}),
    ...(readsWords(geometry) ? { alignment: 4 } : {}),
    // Sixteen channels are written when all their taps have been read.
    overlaps: [{ input: x.name, output: y.name, lead: windowLead({ ...walk, order: 'channelwise' }) }],
    macs: macsOf(y, layer.inner),
    remarks: sumRemarks(layer),
  };
}
