/** Fully connected layers with one row for Armv7-M and Armv6-M cores: kernel options of MatMul and of Conv. */
import type { KernelCall } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { macsOf, zeroOf } from '../../ops/shared/convolution.js';
import { clamps, hasZeroPoints } from '../arm-dsp/layer.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { scratchIsFree } from '../where-it-pays.js';
import { convLayer, FEATURES } from './conv-kernel.js';
import { v6m } from './gemm-v6m.js';
import { v7m } from './gemm-v7m.js';
import { exactFraction, requantizationRemarks, streamFields } from './layer.js';
import { matmulLayer, rowsOf, whyNotMatrix } from './matmul-kernel.js';
import { formsOf, generateMatvec, type MatvecShape, rowScratchBytes } from './matvec.js';
import { packMatvec } from './matvec-stream.js';
import type { Core } from './stream.js';

function matvecOption(core: Core): KernelOption {
  return {
    function: `nanoc_matvec_${core.name}`,
    family: 'native',
    needs: [FEATURES[core.name]],
    when: (context) => {
      const refusal = whyNotMatrix(context);
      if (refusal !== undefined) return refusal;
      return rowsOf(context) === 1 ? fits(matmulLayer(context)) : 'more than one row';
    },
    build: (context) => ({ call: buildCall(context, core, matmulLayer(context)) }),
  };
}

export const v7mMatvec = matvecOption(v7m);
export const v6mMatvec = matvecOption(v6m);

/** A convolution with one output pixel, whose window is the whole image. */
function convOfAllOption(core: Core): KernelOption {
  return {
    function: `nanoc_matvec_${core.name}`,
    family: 'native',
    needs: [FEATURES[core.name]],
    when: (context) => {
      const x = context.required(0);
      if (x.quantization === undefined) return 'the input is float32';
      if (context.int('group') !== 1) return 'grouped';
      const [batches, height, width] = x.shape as [number, number, number];
      const kernel = context.required(1).shape.slice(2);
      const whole = batches === 1 && kernel[0] === height && kernel[1] === width;
      if (!whole || context.ints('pads').some((pad) => pad !== 0)) return 'the window is not the whole image';
      return hasZeroPoints(context) ? 'the weights have a zero point' : fits(convLayer(context));
    },
    build: (context) => ({ call: buildCall(context, core, convLayer(context)) }),
  };
}

export const v7mConvOfAll = convOfAllOption(v7m);
export const v6mConvOfAll = convOfAllOption(v6m);

function fits({ channels, inner }: StreamLayer): true | string {
  if (channels.length < 4) return 'fewer than 4 columns';
  return inner <= 30000 || 'more than 30,000 inputs';
}

/** Inputs that are widened into scratch where that saves instructions (Armv6-M), so that it takes 576 bytes at most. */
const WIDE_INPUTS = 128;

/** Words that the driver keeps in an array of its own. */
const LOCAL_WORDS = 16;

/** Armv7-M: the words of the groups take memory only where the arena does not grow by it, unless it is speed that counts. */
function groupsOf(
  context: LowerContext,
  core: Core,
  row: Pick<MatvecShape, 'inner' | 'flush' | 'wide'>,
): MatvecShape['groups'] {
  if (core.name === 'v6m') return 'scratch';
  const bytes = rowScratchBytes(row);
  if (bytes <= 4 * LOCAL_WORDS) return 'local';
  return context.optimize === 'speed' || scratchIsFree(context, bytes) ? 'scratch' : 'summed';
}

function buildCall(context: LowerContext, core: Core, layer: StreamLayer): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const stream = packMatvec(layer, core, core.name === 'v6m' && layer.inner <= WIDE_INPUTS);
  const { flush, surplus, wide } = stream;
  const groups = groupsOf(context, core, { inner: layer.inner, flush, wide });
  const generated = generateMatvec(core, {
    ...{ inner: layer.inner, columns: layer.channels.length, flush, surplus, wide, groups },
    ...{ forms: formsOf(stream), exactFraction: exactFraction(stream.scales), clamps: clamps(layer) },
  });
  const fixedFirst = stream.segments.some(({ form }) => form !== undefined);
  const segments = stream.segments.flatMap(({ form, firstChannel, firstWord, endWord }) => [
    ...[form === undefined && fixedFirst ? 1 : 0, firstChannel, firstWord, endWord],
  ]);
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
      ...(groups === 'scratch' ? [{ kind: 'scratch' } as const] : []),
      {
        kind: 'params',
        struct: 'nanoc_packed_params',
        fields: streamFields(zeroOf(x), layer, stream.words, segments, stream.segments.length, stream.scales),
      },
    ],
    ...(groups === 'scratch' ? { scratch: { bytes: generated.scratchBytes, alignment: 8 } } : {}),
    overlaps: [],
    macs: macsOf(y, layer.inner),
    remarks: requantizationRemarks(stream),
  };
}
