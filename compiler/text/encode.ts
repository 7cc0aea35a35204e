/** Reference of nanoc_tokenizer_encode(): slow and obvious. */
import { classOf } from './classes.js';
import { SPACE, type Tokenizer } from './tokenizer.js';

/** Tokens of a text; broken UTF-8 is U+FFFD by the rule of the WHATWG's decoder. */
export function encode(tokenizer: Tokenizer, text: Uint8Array): number[] {
  const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(text);
  const codes = [...decoded].map((character) => character.codePointAt(0)!);
  const replaced = codes.map((code) => (code === SPACE ? tokenizer.space : code));
  const { prefix, prefixAlways } = tokenizer;
  const hasPrefix = prefix !== undefined && replaced.length > 0 && (prefixAlways || replaced[0] !== prefix);
  const tokens = words(tokenizer, hasPrefix ? [prefix, ...replaced] : replaced).flatMap((word) =>
    mergeWord(tokenizer, symbolsOf(tokenizer, word)),
  );
  return tokenizer.begin === undefined ? tokens : [tokenizer.begin, ...tokens];
}

function words({ words: kind, space }: Tokenizer, codes: readonly number[]): number[][] {
  if (kind === 'none') return [[...codes]];
  if (kind === 'gpt2') return gpt2Words(codes);
  const result: number[][] = [];
  for (const code of codes) {
    if (code === space || result.length === 0) result.push([]);
    result.at(-1)!.push(code);
  }
  return result;
}

/** Its regular expression, on one letter for the class of each character. */
function gpt2Words(codes: readonly number[]): number[][] {
  const plain = new Set([..." 'strevmld"].map((character) => character.codePointAt(0)!));
  const shape = codes.map((code) => (plain.has(code) ? String.fromCodePoint(code) : '!LN_'[classOf(code)])).join('');
  const letter = '[Lstrevmld]';
  const pattern = new RegExp(`'s|'t|'re|'ve|'m|'ll|'d| ?${letter}+| ?N+| ?['!]+|[ _]+(?![^ _])|[ _]+`, 'g');
  return [...shape.matchAll(pattern)].map((match) => codes.slice(match.index, match.index + match[0].length));
}

function symbolsOf(tokenizer: Tokenizer, word: readonly number[]): number[] {
  const { characters, bytes, unknown, fuseUnknown } = tokenizer;
  const found = word.flatMap((code): (number | undefined)[] => {
    const token = characters.get(code);
    if (token !== undefined || bytes === undefined) return [token];
    return [...new TextEncoder().encode(String.fromCodePoint(code))].map((byte) => bytes[byte]);
  });
  if (unknown === undefined) return found.filter((token) => token !== undefined);
  return found
    .filter((token, index) => !(fuseUnknown && token === undefined && index > 0 && found[index - 1] === undefined))
    .map((token) => token ?? unknown);
}

const tables = new WeakMap<Tokenizer, Map<string, { result: number; rank: number }>>();

function mergeWord(tokenizer: Tokenizer, symbols: readonly number[]): number[] {
  const table = tables.get(tokenizer) ?? new Map(tokenizer.merges.map((each) => [`${each.left} ${each.right}`, each]));
  tables.set(tokenizer, table);
  const tokens = [...symbols];
  for (;;) {
    const pairs = tokens.slice(1).map((right, index) => table.get(`${tokens[index]} ${right}`));
    const best = pairs.reduce((low, pair) => Math.min(low, pair?.rank ?? low), Number.POSITIVE_INFINITY);
    const at = pairs.findIndex((pair) => pair?.rank === best);
    if (at < 0) return tokens;
    tokens.splice(at, 2, pairs[at]!.result);
  }
}
