/** Reference of the detokenizer: all bytes in a row, broken UTF-8 as U+FFFD by the rule of the WHATWG's decoder. */
import type { Tokenizer } from './tokenizer.js';

export function decode(tokenizer: Tokenizer, tokens: readonly number[]): string {
  const pieces = tokens.flatMap((token) => tokenizer.pieces[token] ?? []).filter((piece) => piece.length > 0);
  const [first = new Uint8Array(), ...others] = pieces;
  const bytes = Buffer.concat([stripped(first, tokenizer.strip), ...others]);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

function stripped(piece: Uint8Array, strip: Tokenizer['strip']): Uint8Array {
  if (strip === 'first') return piece.filter((byte) => byte !== 0x20);
  return strip === 'one' && piece[0] === 0x20 ? piece.subarray(1) : piece;
}
