/** The kernel options of Conv and MatMul for int16 activations on cores with MVE: nanoc/mve_s16.h. */
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

const CONV = 'nanoc_conv_mve_s16';
const DEPTHWISE = 'nanoc_depthwise_mve_s16';
const HEADER = 'nanoc/mve_s16.h';

/** r4 to r11 and lr, d8 and d9, two words. */
const GEMM_STACK = 60;
/** r4 to r11 and lr, d8 to d11. */
const TAPS_STACK = 68;

/** Places of eight channels whose even and odd ones are two vectors. */
const EVEN_THEN_ODD = [0, 2, 4, 6, 1, 3, 5, 7];

export const mveConvS16: KernelOption = {
  function: CONV,
  family: 'native',
  needs: ['mve', 'fpu'],
  takes: 'int16',
  when: (context) => {
    if (context.int('group') !== 1) return 'grouped';
    return whyNotLayer(context, () => convLayer(context)) ?? true;
  },
  build: (context) => ({ call: convCall(context, geometry(context), convLayer(context)) }),
};

export const mveMatmulS16: KernelOption = {
  function: CONV,
  family: 'native',
  needs: ['mve', 'fpu'],
  takes: 'int16',
  when: (context) => whyNotMatrix(context) ?? whyNotLayer(context, () => matmulLayer(context)) ?? true,
  build: (context) => ({ call: convCall(context, pixelsOf(context), matmulLayer(context)) }),
};

export const mveDepthwiseS16: KernelOption = {
  function: DEPTHWISE,
  family: 'native',
  needs: ['mve', 'fpu'],
  takes: 'int16',
  when: (context) => {
    const refusal = whyNotDepthwise(context);
    if (refusal !== undefined) return refusal;
    if (geometry(context).channels % 8 !== 0) return 'the number of channels is no multiple of eight';
    return whyNotTaps(context) ?? whyNotLayer(context, () => depthwiseLayer(context)) ?? true;
  },
  build: (context) => ({ call: windowsCall(context) }),
};

function convCall(context: LowerContext, g: Geometry, layer: HalfwordLayer): KernelCall {
  const steps = Math.ceil(layer.inner / 8);
  const stream = { suffix: 'weights', data: streamOf(context, layer), role: 'weights', alignment: 4 } as const;
  const gemm = {
    steps: { int: steps },
    channels: { int: g.outputs },
    x_step: { int: 16 * steps },
    y_step: { int: 2 * g.outputs },
    ...tailFields(context),
  };
  return productCall(context, g, layer.inner, {
    name: CONV,
    header: HEADER,
    sources: [`arm-mve/${CONV}.c`, 'arm-mve/nanoc_gemm_mve_s16.c'],
    stack: GEMM_STACK,
    scratch: 32 * steps,
    fields: { gemm: { fields: gemm }, stream: { constant: stream } },
  });
}

/** The stream of nanoc/mve_s16.h. */
function streamOf(context: LowerContext, { weights, inner, starts }: HalfwordLayer): Uint32Array {
  const steps = Math.ceil(inner / 8);
  const scaleOf = scaleBits(context);
  const groups = Math.ceil(starts.length / 4);
  const words = new Uint32Array(groups * 8 * (steps + 1));
  const bytes = new Int8Array(words.buffer);
  starts.forEach((start, channel) => {
    const first = (channel >> 2) * 8 * (steps + 1);
    const lane = channel % 4;
    words[first + lane] = start;
    words[first + 4 + 8 * steps + lane] = scaleOf(channel);
    for (let k = 0; k < inner; k += 1) {
      bytes[4 * (first + 4) + 32 * (k >> 3) + 8 * lane + (k & 7)] = weights[channel * inner + k]!;
    }
  });
  return words;
}

function windowsCall(context: LowerContext): KernelCall {
  const layer = depthwiseLayer(context);
  const { channels } = geometry(context);
  const starts = Int32Array.from(layer.starts, (_, i) => layer.starts[i - (i % 8) + EVEN_THEN_ODD[i % 8]!]!);
  const weights = { suffix: 'weights', data: tapsOf(context, layer), role: 'weights', alignment: 4 } as const;
  const groups = { groups: { int: channels / 8 }, group_bytes: { int: 32 + 8 * layer.inner } };
  return depthwiseCall(context, 8, 2, {
    name: DEPTHWISE,
    header: HEADER,
    sources: [`arm-mve/${DEPTHWISE}.c`, 'arm-mve/nanoc_taps_mve_s16.c'],
    stack: TAPS_STACK,
    scratch: 8 * channels,
    fields: {
      weights: { constant: weights },
      starts: { constant: { suffix: 'bias', data: starts, role: 'bias' } },
      taps: { fields: { ...PER_PIXEL, ...tailFields(context), ...groups } },
    },
  });
}

/** The weights of nanoc_taps_mve_s16. */
function tapsOf(context: LowerContext, { weights, inner, starts }: HalfwordLayer): Int8Array {
  const scaleOf = scaleBits(context);
  const size = 32 + 8 * inner;
  const bytes = new Int8Array((starts.length / 8) * size);
  const words = new Uint32Array(bytes.buffer);
  for (let group = 0; group < starts.length / 8; group += 1) {
    EVEN_THEN_ODD.forEach((lane, place) => {
      words[(group * size) / 4 + place] = scaleOf(8 * group + lane);
      for (let tap = 0; tap < inner; tap += 1) {
        bytes[group * size + 32 + 8 * tap + lane] = weights[(8 * group + lane) * inner + tap]!;
      }
    });
  }
  return bytes;
}

/** Zero point and bounds of the output. */
function tailFields(context: LowerContext): Record<string, ParamValue> {
  const y = context.output(0);
  const [low, high] = clampOf(context, y);
  return { y_zero: { int: perTensor(y).zeroPoint }, low: { int: low }, high: { int: high } };
}
