/** The kernel options of Conv and MatMul for int16 activations on cores with the DSP extension and an FPU: nanoc/dsp_s16.h. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { type Geometry, geometry } from '../../ops/shared/conv-geometry.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import {
  convLayer,
  depthwiseCall,
  depthwiseLayer,
  type HalfwordLayer,
  matmulLayer,
  PER_PIXEL,
  pixelsOf,
  productCall,
  scaleBits,
  whyNotLayer,
  whyNotTaps,
} from '../halfwords-layer.js';
import { whyNotDepthwise, whyNotMatrix } from '../nodes.js';
import { SAVED_BYTES } from './assembly.js';
import { groupStarts, paddedInner } from './stream.js';

const CONV = 'nanoc_conv_dsp_s16';
const DEPTHWISE = 'nanoc_depthwise_dsp_s16';
const HEADER = 'nanoc/dsp_s16.h';

export const dspConvS16: KernelOption = {
  function: CONV,
  family: 'native',
  needs: ['dsp', 'fpu'],
  takes: 'int16',
  when: (context) => {
    if (context.int('group') !== 1) return 'grouped';
    if (context.required(1).shape[0] === 1) return 'a single channel';
    return whyNotLayer(context, () => convLayer(context)) ?? true;
  },
  build: (context) => ({ call: convCall(context, geometry(context), convLayer(context)) }),
};

export const dspMatmulS16: KernelOption = {
  function: CONV,
  family: 'native',
  needs: ['dsp', 'fpu'],
  takes: 'int16',
  when: (context) => {
    const refusal = whyNotMatrix(context);
    if (refusal !== undefined) return refusal;
    if (context.required(1).shape[1] === 1) return 'a single channel';
    return whyNotLayer(context, () => matmulLayer(context)) ?? true;
  },
  build: (context) => ({ call: convCall(context, pixelsOf(context), matmulLayer(context)) }),
};

export const dspDepthwiseS16: KernelOption = {
  function: DEPTHWISE,
  family: 'native',
  needs: ['dsp', 'fpu'],
  takes: 'int16',
  when: (context) => {
    const refusal = whyNotDepthwise(context);
    if (refusal !== undefined) return refusal;
    const { channels } = geometry(context);
    if (channels % 2 !== 0 || channels < 4) return 'the number of channels is odd, or two';
    return whyNotTaps(context) ?? whyNotLayer(context, () => depthwiseLayer(context)) ?? true;
  },
  build: (context) => ({ call: windowsCall(context) }),
};

function convCall(context: LowerContext, g: Geometry, layer: HalfwordLayer): KernelCall {
  const inner = paddedInner(layer.inner);
  const stream = { suffix: 'weights', data: streamOf(context, layer), role: 'weights', alignment: 4 } as const;
  return productCall(context, g, layer.inner, {
    name: CONV,
    header: HEADER,
    sources: [`arm-dsp/${CONV}.c`, 'arm-dsp/nanoc_gemm_dsp_s16.c'],
    stack: SAVED_BYTES,
    scratch: 4 * inner,
    fields: {
      gemm: { fields: { inner: { int: inner }, step: { int: 2 * g.outputs }, ...tailFields(context) } },
      stream: { constant: stream },
    },
  });
}

function windowsCall(context: LowerContext): KernelCall {
  const layer = depthwiseLayer(context);
  const { channels } = geometry(context);
  const weights = { suffix: 'weights', data: tapsOf(context, layer), role: 'weights', alignment: 4 } as const;
  const groups = { groups: { int: Math.floor(channels / 4) }, group_bytes: { int: 4 * (4 + layer.inner) } };
  return depthwiseCall(context, 4, 4, {
    name: DEPTHWISE,
    header: HEADER,
    sources: [`arm-dsp/${DEPTHWISE}.c`, 'arm-dsp/nanoc_taps_dsp_s16.c'],
    stack: SAVED_BYTES,
    scratch: 8 * channels,
    fields: {
      weights: { constant: weights },
      starts: { constant: { suffix: 'bias', data: Int32Array.from(layer.starts), role: 'bias' } },
      taps: { fields: { ...PER_PIXEL, ...tailFields(context), ...groups } },
    },
  });
}

/** Zero point and bounds of the output. */
function tailFields(context: LowerContext): Record<string, ParamValue> {
  const y = context.output(0);
  const [low, high] = clampOf(context, y);
  return {
    y_zero: { int: perTensor(y).zeroPoint },
    lows: { int: bothHalves(low) },
    highs: { int: bothHalves(high) },
  };
}

function bothHalves(value: number): number {
  return ((value & 0xffff) * 0x10001) >>> 0;
}

/** The stream of nanoc/dsp_s16.h. */
function streamOf(context: LowerContext, { weights, inner, starts }: HalfwordLayer): Uint32Array {
  const scaleOf = scaleBits(context);
  const weight = (channel: number, k: number) => (k < inner ? weights[channel * inner + k]! : 0);
  const wordOf = (channel: number, k: number) => wordFor([0, 1, 2, 3].map((i) => weight(channel, k + i)));
  const words = groupStarts(starts.length, 2).flatMap((first) => {
    const pair = [first, first + 1];
    const taps = Array.from({ length: paddedInner(inner) / 4 }, (_, i) => pair.map((c) => wordOf(c, 4 * i)));
    return [...pair.map((c) => starts[c]!), ...taps.flat(), ...pair.map(scaleOf)];
  });
  return Uint32Array.from(words);
}

/** A byte each, so that SXTB16 gives the first two, and of the word turned by 8 the others. */
function wordFor([a, b, c, d]: readonly number[]): number {
  return (a! & 0xff) | ((c! & 0xff) << 8) | ((b! & 0xff) << 16) | (d! << 24);
}

/** The words of nanoc_taps_dsp_s16. */
function tapsOf(context: LowerContext, { weights, inner, starts }: HalfwordLayer): Uint32Array {
  const scaleOf = scaleBits(context);
  const words = groupStarts(starts.length, 4).flatMap((first) => {
    const four = [0, 1, 2, 3].map((i) => first + i);
    const taps = Array.from({ length: inner }, (_, tap) => wordFor(four.map((c) => weights[c * inner + tap]!)));
    return [...four.map(scaleOf), ...taps];
  });
  return Uint32Array.from(words);
}
