/** Kernel options of fully connected layers with one row: of MatMul, and of Conv whose window is the whole image. */

import type { GeneratedSource, KernelCall } from '../../ir/kernel-call.js';
import type { Feature } from '../../ir/target.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { macsOf, zeroOf } from '../../ops/shared/convolution.js';
import { clamps } from '../arm-dsp/layer.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { convLayer, matmulLayer } from '../nodes.js';
import { scratchIsFree } from '../where-it-pays.js';
import { exactFraction, requantizationRemarks, streamFields } from './layer.js';
import { type MatvecStream, packMatvec } from './matvec-stream.js';
import { whyNotConvOfAll, whyNotMatvec } from './nodes.js';
import type { Core, SurplusForm, TailForm } from './stream.js';

export interface MatvecShape {
  readonly inner: number;
  readonly columns: number;
  readonly flush: number;
  readonly surplus: SurplusForm;
  /** Inputs are widened into scratch, a word each. */
  readonly wide: boolean;
  /** Where the first word of each group is: in scratch, in an array of the driver (few), or nowhere: inputs are added up as they pass. */
  readonly groups: 'scratch' | 'local' | 'summed';
  /** In the order of their numbers: fixed first. */
  readonly forms: readonly (TailForm | undefined)[];
  /** For nanoc_packed_exact. */
  readonly exactFraction: number;
  /** The activation has bounds of its own: these. */
  readonly clamps: boolean;
  readonly low: number;
  readonly high: number;
}

export interface Matvec {
  readonly function: string;
  readonly header: string;
  readonly generated: readonly GeneratedSource[];
  readonly scratchBytes: number;
  readonly assemblyStack: number;
}

/** Which forms a stream's segments have. */
function formsOf({ segments, form }: MatvecStream): (TailForm | undefined)[] {
  const exact = segments.some((segment) => segment.form === undefined);
  const fixed = segments.some((segment) => segment.form !== undefined);
  return [...(fixed ? [form] : []), ...(exact ? [undefined] : [])];
}

export function groupCount({ inner, flush }: Pick<MatvecShape, 'inner' | 'flush'>): number {
  return Math.ceil(inner / flush);
}

/** Words of groups, then wide inputs, as far as they lie there. */
export function rowScratchBytes(shape: Pick<MatvecShape, 'inner' | 'flush' | 'wide' | 'groups'>): number {
  return 4 * ((shape.groups === 'scratch' ? groupCount(shape) : 0) + (shape.wide ? shape.inner : 0));
}

export interface MatvecMaker {
  readonly core: Core;
  readonly feature: Feature;
  /** Of the wide form: up to so many inputs are widened. Absent: the core gains nothing by it. */
  readonly wideInputs?: number;
  /** Words of groups that the driver keeps in an array of its own, on the stack. */
  readonly localWords: number;
  /** With fewer columns, inputs are added up as they pass. */
  readonly fewestColumns: number;
  /** The core's code has no form that adds inputs up as they pass. */
  readonly cannotSum: boolean;
  generate(shape: MatvecShape): Matvec;
}

export function matvecOption(maker: MatvecMaker): KernelOption {
  return optionOf(maker, whyNotMatvec, (context) => matmulLayer(context, 'wide'), false);
}

export function convOfAllOption(maker: MatvecMaker): KernelOption {
  return optionOf(maker, whyNotConvOfAll, (context) => convLayer(context, 'wide'), false);
}

/** The same with wide inputs: fewer instructions, and a word of scratch for each input. */
export function wideMatvecOption(maker: MatvecMaker): KernelOption {
  return optionOf(maker, whyNotMatvec, (context) => matmulLayer(context, 'wide'), true);
}

export function wideConvOfAllOption(maker: MatvecMaker): KernelOption {
  return optionOf(maker, whyNotConvOfAll, (context) => convLayer(context, 'wide'), true);
}

function optionOf(
  maker: MatvecMaker,
  whyNot: (context: LowerContext) => true | string,
  layerOf: (context: LowerContext) => StreamLayer,
  wide: boolean,
): KernelOption {
  const most = maker.wideInputs ?? 0;
  const whyNotWide = (context: LowerContext): true | string =>
    layerOf(context).inner > most ? `more than ${most} inputs to widen` : true;
  return {
    function: `nanoc_matvec_${maker.core.name}${wide ? '_wide' : ''}`,
    family: 'native',
    needs: [maker.feature],
    when: (context) => {
      const refusal = whyNot(context);
      return refusal === true && wide ? whyNotWide(context) : refusal;
    },
    build: (context) => ({ call: buildCall(context, maker, layerOf(context), wide) }),
  };
}

/** The words of the groups take memory only where the arena does not grow by it, unless it is speed that counts. */
function groupsOf(
  context: LowerContext,
  maker: MatvecMaker,
  row: Pick<MatvecShape, 'inner' | 'flush'>,
  columns: number,
): MatvecShape['groups'] {
  if (columns < maker.fewestColumns) return 'summed';
  const words = groupCount(row);
  if (words <= maker.localWords) return 'local';
  const inScratch = maker.cannotSum || context.optimize === 'speed' || scratchIsFree(context, 4 * words);
  return inScratch ? 'scratch' : 'summed';
}

function buildCall(context: LowerContext, maker: MatvecMaker, layer: StreamLayer, wide: boolean): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const stream = packMatvec(layer, maker.core, wide);
  const { flush, surplus } = stream;
  const groups = groupsOf(context, maker, { inner: layer.inner, flush }, layer.channels.length);
  const generated = maker.generate({
    ...{ inner: layer.inner, columns: layer.channels.length, flush, surplus, wide, groups },
    ...{ forms: formsOf(stream), exactFraction: exactFraction(stream.scales), clamps: clamps(layer) },
    ...{ low: layer.low, high: layer.high },
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
      ...(generated.scratchBytes > 0 ? [{ kind: 'scratch' } as const] : []),
      {
        kind: 'params',
        struct: 'nanoc_packed_params',
        fields: streamFields(zeroOf(x), layer, stream.words, segments, stream.segments.length, stream.scales),
      },
    ],
    ...(generated.scratchBytes > 0 ? { scratch: { bytes: generated.scratchBytes, alignment: 8 } } : {}),
    overlaps: [],
    macs: macsOf(y, layer.inner),
    remarks: requantizationRemarks(stream),
  };
}
