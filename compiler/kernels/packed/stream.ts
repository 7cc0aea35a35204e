/**
 * Weights of the kernels for cores without SIMD instructions (docs/KERNELS-SCALAR.md, KERNELS-RISCV.md): one byte each, two channels at
 * a time, in one stream with all that a pair of channels needs; nanoc/packed.h has the layout.
 */
import type { StreamLayer } from '../arm-dsp/stream.js';
import { groupStarts } from '../arm-dsp/stream.js';
import { groupsFit, type Lightened, lighten } from './fields.js';

/** A way to requantize without floats. */
export interface TailForm {
  /** `fixed`: upper word of the product, addend, shift (Armv7-M, RISC-V); `short` and `long`: Armv6-M. */
  readonly kind: 'fixed' | 'short' | 'long';
  readonly shift: number;
  /** Bits behind the point of the second multiplier; `short` only. */
  readonly fraction: number;
  /** Instructions for a pair of channels, to choose by. */
  readonly cost: number;
}

/** How one channel's sums become bytes: two words behind the weights, and what is added to the start of the sum. */
export interface Tail {
  readonly tweak: number;
  readonly words: readonly [number, number];
}

export interface Core {
  readonly name: string;
  /** Added to each weight in the stream, which the kernel takes as unsigned where it is 128. */
  readonly weightOffset: 0 | 128;
  /** Added to the start of a sum for each parting of the halves. */
  readonly parting: -0x8000 | 0;
  /** Word of the wide inputs where input `position` lies. */
  wordOf(position: number): number;
  /** The forms that a layer can take, each for all of its channels. */
  forms(layer: StreamLayer): readonly TailForm[];
  /** Constants that are right for every sum of a channel, or undefined. */
  solve(layer: StreamLayer, channel: number, form: TailForm): Tail | undefined;
}

/** What a pair of channels needs of the code. */
export interface Mode {
  /** Absent: the sums are stored, and requantized by nanoc_packed_exact. */
  readonly form?: TailForm;
  /** Weights that are summed before the halves are parted. */
  readonly flush: 4 | 2;
}

/** A run of channel pairs of one mode. */
export interface Segment extends Mode {
  readonly firstChannel: number;
  readonly firstWord: number;
  readonly endWord: number;
  readonly pairs: number;
}

/** Size of the numbers in the lists of surplus weights: bytes where positions fit them. */
export type SurplusForm = 'none' | 'bytes' | 'halfwords';

export interface PackedStream {
  readonly words: Uint32Array;
  readonly segments: readonly Segment[];
  /** Scales of the pairs that take the exact form, in the order of the segments. */
  readonly scales: Float32Array;
  readonly surplus: SurplusForm;
  readonly fixedChannels: number;
  readonly exactChannels: number;
}

export function paddedInner(inner: number): number {
  return Math.ceil(inner / 4) * 4;
}

/** Why the layer cannot be packed, or undefined. */
export function whyNotPacked(layer: StreamLayer): string | undefined {
  const { weights, inner, channels } = layer;
  if (channels.length < 2) return 'fewer than 2 output channels';
  if (channels.length > 4000) return 'more than 4,000 output channels';
  if (inner > 8000) return 'more than 8,000 inputs for an output';
  const possible = groupStarts(channels.length, 2).every((first) => {
    const pair = [first, first + 1].map((c) => channelWeights(weights, inner, c));
    return pair.every((each) => lighten(each) !== undefined) || pair.every((each) => groupsFit(each, 2));
  });
  return possible
    ? undefined
    : 'two neighbouring weights are -128, or many leave int8 when their zero point is taken off';
}

/** The modes of a stream's segments, each once. */
export function modesOf({ segments }: PackedStream): Mode[] {
  const found = new Map<string, Mode>();
  for (const { form, flush } of segments) {
    found.set(modeName({ ...(form === undefined ? {} : { form }), flush }), {
      ...(form === undefined ? {} : { form }),
      flush,
    });
  }
  return [...found.keys()].sort().map((name) => found.get(name)!);
}

/** Short name of a mode, for function names and to tell modes apart. */
export function modeName({ form, flush }: Mode): string {
  return `${form === undefined ? 'exact' : formName(form)}${flush === 4 ? '' : '_twos'}`;
}

export function formName({ kind, shift, fraction }: TailForm): string {
  return `${kind}${shift}${kind === 'short' ? `_${fraction}` : ''}`;
}

function channelWeights(weights: StreamLayer['weights'], inner: number, channel: number): Int16Array {
  const padded = new Int16Array(paddedInner(inner));
  padded.set(weights.subarray(channel * inner, (channel + 1) * inner));
  return padded;
}

interface Pair {
  readonly first: number;
  readonly mode: Mode;
  readonly channels: readonly Lightened[];
  readonly tails: readonly Tail[];
}

/** Packs a layer that `whyNotPacked` has let through. */
export function packLayer(layer: StreamLayer, core: Core): PackedStream {
  const solution = bestSolution(layer, core);
  const pairs = groupStarts(layer.channels.length, 2).map((first) => preparePair(layer, first, solution));
  const lists = pairs.flatMap(({ channels }) => channels.map(({ surplus }) => surplus));
  const last = core.wordOf(paddedInner(layer.inner) - 1);
  const surplus: SurplusForm = lists.every((list) => list.length === 0) ? 'none' : last < 256 ? 'bytes' : 'halfwords';
  const words: number[] = [];
  const segments: Segment[] = [];
  for (const pair of pairs) {
    const firstWord = words.length;
    packPair(layer, core, pair, surplus, words);
    addToSegments(segments, pair, firstWord, words.length);
  }
  const exact = pairs.filter(({ mode }) => mode.form === undefined).map(({ first }) => first);
  const fixed = new Set(pairs.flatMap(({ mode, first }) => (mode.form === undefined ? [] : [first, first + 1])));
  return {
    words: Uint32Array.from(words, (word) => word >>> 0),
    segments,
    scales: Float32Array.from(exact.flatMap((c) => [layer.channels[c]!.scale, layer.channels[c + 1]!.scale])),
    surplus,
    fixedChannels: fixed.size,
    exactChannels: layer.channels.length - fixed.size,
  };
}

interface Solution {
  readonly form?: TailForm;
  readonly tails: readonly (Tail | undefined)[];
}

/** Instructions for a pair of channels whose sums are stored and requantized one by one. */
const EXACT_COST = 130;

/** The form that makes a layer cheapest. */
function bestSolution(layer: StreamLayer, core: Core): Solution {
  let best: Solution = { tails: [] };
  const starts = groupStarts(layer.channels.length, 2);
  let least = EXACT_COST * starts.length;
  for (const form of core.forms(layer)) {
    const tails = layer.channels.map((_, channel) => core.solve(layer, channel, form));
    const solved = starts.filter((c) => tails[c] !== undefined && tails[c + 1] !== undefined).length;
    const cost = solved * form.cost + (starts.length - solved) * EXACT_COST;
    if (cost >= least) continue;
    least = cost;
    best = { form, tails };
  }
  return best;
}

function preparePair(layer: StreamLayer, first: number, solution: Solution): Pair {
  const plain = [first, first + 1].map((c) => channelWeights(layer.weights, layer.inner, c));
  const light = plain.map((weights) => lighten(weights));
  const flush = light.every((found) => found !== undefined) ? 4 : 2;
  const channels =
    flush === 4 ? (light as Lightened[]) : plain.map((weights) => ({ weights: new Int8Array(weights), surplus: [] }));
  const tails = solution.tails.slice(first, first + 2);
  const solved = tails.length === 2 && tails.every((tail) => tail !== undefined);
  if (!solved || solution.form === undefined) return { first, mode: { flush }, channels, tails: [] };
  return { first, mode: { form: solution.form, flush }, channels, tails: tails as Tail[] };
}

function packPair(layer: StreamLayer, core: Core, pair: Pair, surplus: SurplusForm, words: number[]): void {
  const { first, mode, channels, tails } = pair;
  const inner = paddedInner(layer.inner);
  channels.forEach((_, c) => {
    words.push(layer.channels[first + c]!.bias + (tails[c]?.tweak ?? 0) + (inner / mode.flush) * core.parting);
  });
  for (let k = 0; k < inner; k += 4) {
    for (const { weights } of channels) words.push(fourBytes(weights.subarray(k, k + 4), core.weightOffset));
  }
  if (mode.flush === 4 && surplus !== 'none') packSurplus(core, channels, surplus, words);
  words.push(...tails.flatMap((tail) => tail.words));
}

function fourBytes(bytes: ArrayLike<number>, offset = 0): number {
  const byte = (i: number) => ((bytes[i] ?? 0) + offset) & 0xff;
  return (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0;
}

/** The lengths of both lists, then position and weight of each entry; filled to a word. */
function packSurplus(core: Core, channels: readonly Lightened[], form: 'bytes' | 'halfwords', words: number[]): void {
  // Positions are words of the wide inputs as bytes, their byte offsets as halfwords.
  const unit = form === 'bytes' ? 1 : 4;
  const numbers = channels.map(({ surplus }) => surplus.length);
  for (const { surplus } of channels) {
    for (const { position, weight } of surplus) numbers.push(unit * core.wordOf(position), weight);
  }
  if (form === 'bytes') {
    for (let i = 0; i < numbers.length; i += 4) words.push(fourBytes(numbers.slice(i, i + 4)));
  } else {
    for (let i = 0; i < numbers.length; i += 2) words.push((numbers[i]! & 0xffff) | (numbers[i + 1]! << 16));
  }
}

function addToSegments(segments: Segment[], { mode, first }: Pair, firstWord: number, endWord: number): void {
  const last = segments.at(-1);
  const joins =
    last !== undefined &&
    (last.form === undefined) === (mode.form === undefined) &&
    last.flush === mode.flush &&
    last.firstChannel + 2 * last.pairs === first &&
    mode.form !== undefined;
  if (joins) segments[segments.length - 1] = { ...last, endWord, pairs: last.pairs + 1 };
  else segments.push({ ...mode, firstChannel: first, firstWord, endWord, pairs: 1 });
}
