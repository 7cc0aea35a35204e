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
  /** Inputs are widened into scratch. */
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

/** The first word of each group, and the inputs where they are wide. */
export function rowScratchBytes({ inner, flush, wide }: Pick<MatvecShape, 'inner' | 'flush' | 'wide'>): number {
  return 4 * (Math.ceil(inner / flush) + (wide ? inner : 0));
}

export interface MatvecMaker {
  readonly core: Core;
  readonly feature: Feature;
  /** Where words of groups always lie in scratch: up to so many inputs are widened into it. */
  readonly wideInputs: number | undefined;
  /** With fewer columns, inputs are added up as they pass. */
  readonly fewestColumns: number;
  generate(shape: MatvecShape): Matvec;
}

export function matvecOption(maker: MatvecMaker): KernelOption {
  return {
    function: `nanoc_matvec_${maker.core.name}`,
    family: 'native',
    needs: [maker.feature],
    when: whyNotMatvec,
    build: (context) => ({ call: buildCall(context, maker, matmulLayer(context, 'wide')) }),
  };
}

export function convOfAllOption(maker: MatvecMaker): KernelOption {
  return {
    function: `nanoc_matvec_${maker.core.name}`,
    family: 'native',
    needs: [maker.feature],
    when: whyNotConvOfAll,
    build: (context) => ({ call: buildCall(context, maker, convLayer(context, 'wide')) }),
  };
}

/** Words that the driver keeps in an array of its own. */
const LOCAL_WORDS = 16;

/** The words of the groups take memory only where the arena does not grow by it, unless it is speed that counts. */
function groupsOf(
  context: LowerContext,
  maker: MatvecMaker,
  row: Pick<MatvecShape, 'inner' | 'flush' | 'wide'>,
  columns: number,
): MatvecShape['groups'] {
  if (maker.wideInputs !== undefined) return 'scratch';
  if (columns < maker.fewestColumns) return 'summed';
  const bytes = rowScratchBytes(row);
  if (bytes <= 4 * LOCAL_WORDS) return 'local';
  return context.optimize === 'speed' || scratchIsFree(context, bytes) ? 'scratch' : 'summed';
}

function buildCall(context: LowerContext, maker: MatvecMaker, layer: StreamLayer): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const stream = packMatvec(layer, maker.core, layer.inner <= (maker.wideInputs ?? 0));
  const { flush, surplus, wide } = stream;
  const groups = groupsOf(context, maker, { inner: layer.inner, flush, wide }, layer.channels.length);
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
