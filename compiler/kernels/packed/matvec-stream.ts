/**
 * Weights of fully connected layers with one row: two channels in one word, four channels at a time, a byte a weight, 128 more than it
 * is. A word of flash holds two inputs' weights of two channels; nanoc/packed.h has the layout.
 */
import type { StreamLayer } from '../arm-dsp/stream.js';
import { groupStarts } from '../arm-dsp/stream.js';
import { type Lightened, lightenGroups } from './fields.js';
import type { Core, SurplusForm, Tail, TailForm } from './stream.js';

export interface MatvecSegment {
  /** Absent: the sums are requantized by nanoc_packed_exact. */
  readonly form?: TailForm;
  readonly firstChannel: number;
  readonly firstWord: number;
  readonly endWord: number;
}

export interface MatvecStream {
  readonly words: Uint32Array;
  readonly segments: readonly MatvecSegment[];
  /** Scales of the four channels of each exact segment. */
  readonly scales: Float32Array;
  /** Inputs that are summed before the halves are parted. */
  readonly flush: number;
  readonly surplus: SurplusForm;
  readonly form?: TailForm;
  readonly fixedChannels: number;
  readonly exactChannels: number;
}

/** Instructions: to part the halves of four channels' sums, for one surplus weight, and for four exact outputs. */
const COST = { part: 8, surplus: 7, exact: 130 };

export function packMatvec(layer: StreamLayer, core: Core, wide: boolean): MatvecStream {
  const { flush, light } = bestGroups(layer);
  const starts = groupStarts(layer.channels.length, 4);
  const { form, tails } = bestForm(layer, core, starts);
  const surplus: SurplusForm = light.every((channel) => channel.surplus.length === 0)
    ? 'none'
    : layer.inner <= 256
      ? 'bytes'
      : 'halfwords';
  const words: number[] = [];
  const segments: MatvecSegment[] = [];
  for (const first of starts) {
    const four = tails.slice(first, first + 4);
    const solved = form !== undefined && four.every((tail) => tail !== undefined);
    const firstWord = words.length;
    const own = light.slice(first, first + 4);
    packFour(layer, own, first, { flush, wide }, solved ? (four as Tail[]) : undefined, words);
    packSurplus(own, surplus, words);
    if (form !== undefined && solved) words.push(...tailWords(core, four as Tail[]));
    addSegment(segments, solved ? form : undefined, first, firstWord, words.length);
  }
  const exact = segments.filter((segment) => segment.form === undefined).map(({ firstChannel }) => firstChannel);
  const exactChannels = new Set(exact.flatMap((first) => [first, first + 1, first + 2, first + 3])).size;
  return {
    words: Uint32Array.from(words, (word) => word >>> 0),
    segments,
    scales: Float32Array.from(
      exact.flatMap((first) => layer.channels.slice(first, first + 4).map(({ scale }) => scale)),
    ),
    ...{ flush, surplus },
    ...(form === undefined ? {} : { form }),
    fixedChannels: layer.channels.length - exactChannels,
    exactChannels,
  };
}

/** Why the layer cannot be packed, or undefined. */
export function whyNotRow(layer: StreamLayer): string | undefined {
  return bestGroups(layer).cost < Number.POSITIVE_INFINITY
    ? undefined
    : 'more than 255 weights of a channel leave int8 when their zero point is taken off';
}

interface Groups {
  readonly flush: number;
  readonly light: readonly Lightened[];
  /** Infinite where no group size has lists that are short enough. */
  readonly cost: number;
}

/** The group size with the fewest instructions. */
function bestGroups({ weights, inner, channels }: StreamLayer): Groups {
  const choices = [16, 8, 4, 2].map((flush) => {
    const light = channels.map((_, c) =>
      lightenGroups(new Int16Array(weights.subarray(c * inner, (c + 1) * inner)), flush),
    );
    const entries = light.reduce((sum, { surplus }) => sum + surplus.length, 0);
    const tooLong = light.some(({ surplus }) => surplus.length > 255);
    const parts = (Math.ceil(inner / flush) * channels.length) / 4;
    return { flush, light, cost: tooLong ? Number.POSITIVE_INFINITY : COST.part * parts + COST.surplus * entries };
  });
  return choices.reduce((best, choice) => (choice.cost < best.cost ? choice : best));
}

function bestForm(
  layer: StreamLayer,
  core: Core,
  starts: readonly number[],
): { form?: TailForm; tails: readonly (Tail | undefined)[] } {
  let best: { form?: TailForm; tails: readonly (Tail | undefined)[] } = { tails: [] };
  let least = COST.exact * starts.length;
  for (const form of core.forms(layer)) {
    if (form.kind === 'long') continue;
    const tails = layer.channels.map((_, channel) => core.solve(layer, channel, form));
    const unsolved = starts.filter((first) => tails.slice(first, first + 4).includes(undefined)).length;
    if (COST.exact * unsolved >= least) continue;
    least = COST.exact * unsolved;
    best = { form, tails };
  }
  return best;
}

/** Starts of both sums of each pair, then the weights. */
function packFour(
  { channels, inner }: StreamLayer,
  light: readonly Lightened[],
  first: number,
  { flush, wide }: { readonly flush: number; readonly wide: boolean },
  tails: readonly Tail[] | undefined,
  words: number[],
): void {
  const start = (c: number) => channels[first + c]!.bias + (tails?.[c]?.tweak ?? 0);
  const parts = Math.ceil(inner / flush);
  for (const c of [0, 2]) words.push(start(c) + start(c + 1) * 65536 - parts * 0x8000, start(c + 1));
  const byte = (c: number, k: number) => (light[c]!.weights[k] ?? -128) + 128;
  const word = (c: number, k: number) =>
    byte(c, k) | (byte(c, k + 1) << 8) | (byte(c + 1, k) << 16) | (byte(c + 1, k + 1) << 24);
  for (let group = 0; group < inner; group += flush) {
    const starts = Array.from({ length: Math.ceil(Math.min(flush, inner - group) / 2) }, (_, i) => group + 2 * i);
    // Wide inputs are read once for each pair, others once for both.
    if (wide) for (const c of [0, 2]) words.push(...starts.map((k) => word(c, k)));
    else for (const k of starts) words.push(word(0, k), word(2, k));
  }
}

/** Four lengths in a word, then position and weight of each entry; filled to a word. */
function packSurplus(light: readonly Lightened[], form: SurplusForm, words: number[]): void {
  if (form === 'none') return;
  words.push(light.reduce((word, { surplus }, c) => word | (surplus.length << (8 * c)), 0));
  const numbers = light.flatMap(({ surplus }) => surplus.flatMap(({ position, weight }) => [position, weight]));
  const perWord = form === 'bytes' ? 4 : 2;
  const bits = 32 / perWord;
  for (let i = 0; i < numbers.length; i += perWord) {
    words.push(
      numbers.slice(i, i + perWord).reduce((word, number, k) => word | ((number & (2 ** bits - 1)) << (bits * k)), 0),
    );
  }
}

/** The multipliers together, then the addends; Armv6-M takes each with its addend. */
function tailWords(core: Core, tails: readonly Tail[]): number[] {
  if (core.weightOffset === 128) return tails.flatMap(({ words }) => words);
  return [...tails.map(({ words }) => words[0]), ...tails.map(({ words }) => words[1])];
}

/** Fixed groups of four join; the sums of an exact one are handled at once. */
function addSegment(
  segments: MatvecSegment[],
  form: TailForm | undefined,
  firstChannel: number,
  firstWord: number,
  endWord: number,
): void {
  const last = segments.at(-1);
  // Channels are consecutive but for a last group that overlaps the one before it.
  const joins = form !== undefined && last?.form !== undefined && firstChannel % 4 === 0;
  if (joins) segments[segments.length - 1] = { ...last, endWord };
  else segments.push({ ...(form === undefined ? {} : { form }), firstChannel, firstWord, endWord });
}
