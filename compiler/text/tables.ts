/** A tokenizer as the tables of runtime-c/include/nanoc/tokenizer.h. */
import { classChanges } from './classes.js';
import type { Merge, Tokenizer } from './tokenizer.js';

export const NO_TOKEN = 0xffff;
/** Tokens for which one start is kept. */
const BLOCK = 32;

export interface TokenizerTables {
  readonly lengths: Uint8Array;
  readonly starts: Uint32Array;
  readonly text: Uint8Array;
  /** Ascending by left, then right; ranks are dense, equal where they were. */
  readonly merges: readonly Merge[];
  readonly characters: Uint32Array;
  readonly characterTokens: Uint16Array;
  readonly bytes?: Uint16Array;
  readonly classes?: Uint32Array;
}

export function tokenizerTables(tokenizer: Tokenizer): TokenizerTables {
  const lengths = Uint8Array.from(tokenizer.pieces, ({ length }) => length);
  const characters = [...tokenizer.characters].sort(([a], [b]) => a - b);
  const ranks = [...new Set(tokenizer.merges.map(({ rank }) => rank))].sort((a, b) => a - b);
  const dense = new Map(ranks.map((rank, index) => [rank, index]));
  return {
    lengths,
    starts: startsOf(lengths),
    text: Buffer.concat(tokenizer.pieces),
    merges: tokenizer.merges
      .map((merge) => ({ ...merge, rank: dense.get(merge.rank)! }))
      .sort((a, b) => a.left - b.left || a.right - b.right),
    characters: Uint32Array.from(characters, ([code]) => code),
    characterTokens: Uint16Array.from(characters, ([, token]) => token),
    ...(tokenizer.bytes === undefined
      ? {}
      : { bytes: Uint16Array.from(tokenizer.bytes, (token) => token ?? NO_TOKEN) }),
    ...(tokenizer.words === 'gpt2'
      ? { classes: Uint32Array.from(classChanges, ({ from, kind }) => from * 4 + kind) }
      : {}),
  };
}

function startsOf(lengths: Uint8Array): Uint32Array {
  const starts: number[] = [];
  let at = 0;
  lengths.forEach((length, token) => {
    if (token % BLOCK === 0) starts.push(at);
    at += length;
  });
  return Uint32Array.from(starts);
}

/** Bytes of the longest token. */
export function longestPiece({ pieces }: Tokenizer): number {
  return Math.max(...pieces.map(({ length }) => length));
}
