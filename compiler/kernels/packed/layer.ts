/** What the packed kernels of Conv and MatMul read from a node and give for a call. */
import type { Argument, ParamValue } from '../../ir/kernel-call.js';
import { shiftFor } from '../../numerics/requantization-solver.js';
import type { LowerContext } from '../../ops/define.js';
import { zeroOf } from '../../ops/shared/convolution.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { modeName, modesOf, type PackedStream } from './stream.js';

/** The parameter struct `nanoc_packed_params`. */
export function paramsOf(context: LowerContext, layer: StreamLayer, stream: PackedStream): Argument {
  const modes = modesOf(stream).map(modeName);
  const segments = stream.segments.flatMap((segment) => [
    ...[modes.indexOf(modeName(segment)), segment.firstChannel, segment.firstWord, segment.endWord],
  ]);
  return {
    kind: 'params',
    struct: 'nanoc_packed_params',
    fields: streamFields(
      zeroOf(context.required(0)),
      layer,
      stream.words,
      segments,
      stream.segments.length,
      stream.scales,
    ),
  };
}

/** Bits behind the point of nanoc_packed_exact for channels of these scales; 0 where it takes nanoc_requantize. */
export function exactFraction(scales: ArrayLike<number>): number {
  const fraction = Math.min(12, shiftFor(Math.max(2 ** -20, ...Array.from(scales))));
  return fraction >= 4 ? fraction : 0;
}

/** Fields of `nanoc_packed_params`; `segments` are four numbers for each of `count`. */
export function streamFields(
  xZero: number,
  layer: StreamLayer,
  words: Uint32Array,
  segments: readonly number[],
  count: number,
  scales: Float32Array,
): Record<string, ParamValue> {
  return {
    x_zero: { int: xZero },
    y_zero: { int: layer.zeroPoint },
    low: { int: layer.low },
    high: { int: layer.high },
    stream: { constant: { suffix: 'weights', data: words, role: 'weights', alignment: 4 } },
    segments: { constant: { suffix: 'segments', data: Int32Array.from(segments), role: 'parameters' } },
    segment_count: { int: count },
    scales: scales.length === 0 ? { text: 'NULL' } : { constant: { suffix: 'scales', data: scales, role: 'scale' } },
  };
}

/** Lines for the report. */
export function requantizationRemarks({
  fixedChannels,
  exactChannels,
}: Pick<PackedStream, 'fixedChannels' | 'exactChannels'>): string[] {
  if (exactChannels === 0) return [];
  return [
    `${exactChannels} of ${fixedChannels + exactChannels} channels are requantized by nanoc_packed_exact: for them or a neighbour no multiplier is exact`,
  ];
}
