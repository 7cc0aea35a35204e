/**
 * What a tokenizer is, whatever file it comes from. Encoding: a prefix and replaced spaces, words, characters (or bytes), merges by
 * rank. Decoding: the texts of the tokens in a row, as UTF-8.
 */
export interface Merge {
  readonly left: number;
  readonly right: number;
  readonly result: number;
  /** The lowest first, the leftmost of equals. */
  readonly rank: number;
}

export interface Tokenizer {
  /** Text of each token, by its number; empty for special ones. */
  readonly pieces: readonly Uint8Array[];
  readonly merges: readonly Merge[];
  /** Tokens of single characters, by code point; empty where text begins as bytes. */
  readonly characters: ReadonlyMap<number, number>;
  /** Tokens of the 256 bytes, for characters without a token. */
  readonly bytes?: readonly (number | undefined)[];
  /** For what has no token at all; dropped without. */
  readonly unknown?: number;
  /** Many unknown characters in a row are one token. */
  readonly fuseUnknown: boolean;
  /** Code point that goes before every text that is not empty. */
  readonly prefix?: number;
  /** Also where the text begins with it. */
  readonly prefixAlways: boolean;
  /** Code point that a space becomes. */
  readonly space: number;
  /** What merges do not cross: words that begin at spaces, or those of GPT-2's regular expression. */
  readonly words: 'none' | 'space' | 'gpt2';
  /** Spaces that decoding drops at the beginning: one, or all of the first token. */
  readonly strip: 'none' | 'one' | 'first';
  /** First token of every encoded text. */
  readonly begin?: number;
  /** What generation begins with: `begin`, or the special token that has the name of one. */
  readonly start?: number;
  /** Special tokens that end a text. */
  readonly stops: readonly number[];
}

export const SPACE = 0x20;
/** U+2581, SentencePiece's space. */
export const LOWER_BLOCK = 0x2581;

/** Bytes of a `<0x0A>`; undefined for any other text. */
export function byteOfName(text: string): number | undefined {
  const match = /^<0x([0-9A-Fa-f]{2})>$/.exec(text);
  return match === null ? undefined : Number.parseInt(match[1]!, 16);
}

/** The code point of a text of one character. */
export function onlyCharacter(text: string): number | undefined {
  const code = text.codePointAt(0);
  return code !== undefined && text.length === (code > 0xffff ? 2 : 1) ? code : undefined;
}
