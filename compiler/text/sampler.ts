/** Reference of nanoc/sampler.h: the same float32 operations in the same order; sums are integers. */
import { expF32 } from '../numerics/float-math.js';

const f = Math.fround;

/** How the next token is chosen; what is left out does nothing. */
export interface Sampling {
  /** 0: always the best token. */
  readonly temperature: number;
  /** Only the best so many; 0: all. */
  readonly topK: number;
  /** Of these the fewest that have this probability together. */
  readonly topP: number;
  /** Of tokens that were there already. */
  readonly repetitionPenalty: number;
}

export const GREEDY: Sampling = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1 };

/** sfc32 (C. Doty-Humphrey), seeded by one word. */
export class Random {
  private a: number;
  private b = 0x9e3779b9;
  private c = 0x243f6a88;
  private counter = 1;

  constructor(seed: number) {
    this.a = seed >>> 0;
    for (let i = 0; i < 12; i += 1) this.next();
  }

  next(): number {
    const result = (this.a + this.b + this.counter) >>> 0;
    this.counter = (this.counter + 1) >>> 0;
    this.a = (this.b ^ (this.b >>> 9)) >>> 0;
    this.b = (this.c + (this.c << 3)) >>> 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + result) >>> 0;
    return result;
  }
}

/** Probabilities in units of 2^-24 of the best one's. */
const ONE = 2 ** 24;

/** @param history tokens that the repetition penalty is for */
export function sample(how: Sampling, random: Random, logits: Float32Array, history: readonly number[]): number {
  const penalised = penalise(logits, history, f(how.repetitionPenalty));
  const order = [...penalised.keys()].sort((a, b) => descending(penalised[a]!, penalised[b]!) || a - b);
  const temperature = f(how.temperature);
  if (!(temperature > 0)) return order[0]!;
  const best = penalised[order[0]!]!;
  const candidates = how.topK > 0 ? order.slice(0, how.topK) : order;
  const weights = new Map(
    candidates.map((token) => {
      const distance = f(f(penalised[token]! - best) / temperature);
      return [token, distance > -87 ? Math.trunc(f(expF32(distance) * ONE)) : 0];
    }),
  );
  const kept = f(how.topP) < 1 ? nucleus(weights, f(how.topP)) : [...weights];
  const total = kept.reduce((sum, [, weight]) => sum + weight, 0);
  let point = Number((BigInt(random.next()) * BigInt(total)) >> 32n);
  for (const [token, weight] of kept.sort(([a], [b]) => a - b)) {
    if (point < weight) return token;
    point -= weight;
  }
  return order[0]!;
}

function penalise(logits: Float32Array, history: readonly number[], penalty: number): Float32Array {
  const result = logits.slice();
  if (penalty === 1) return result;
  for (const token of history) {
    const logit = logits[token];
    if (logit !== undefined) result[token] = logit > 0 ? f(logit / penalty) : f(logit * penalty);
  }
  return result;
}

/** NaN comes last. */
function descending(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a === b ? 0 : a > b ? -1 : 1;
}

/** The fewest of the best whose weights reach the share, one at least. */
function nucleus(weights: ReadonlyMap<number, number>, share: number): [number, number][] {
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  const part = BigInt(share > 0 ? Math.trunc(share * 65536) : 0);
  const wanted = Math.max(1, Number((BigInt(total) * part + 65535n) >> 16n));
  let sum = 0;
  const ordered = [...weights].sort(([a, x], [b, y]) => y - x || a - b);
  return ordered.filter(([, weight]) => {
    const taken = sum < wanted;
    sum += weight;
    return taken;
  });
}
