/** The tables of a tokenizer as C. */
import type { EmittedFile } from '../../compilation.js';
import { NO_TOKEN, tokenizerTables } from '../../text/tables.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { EmitHost } from './host.js';
import { ctypeOf, elementLiterals, wrap } from './literals.js';
import { render } from './templates.js';

const WORDS = { none: 'NANOC_WORDS_NONE', space: 'NANOC_WORDS_SPACE', gpt2: 'NANOC_WORDS_GPT2' } as const;
const STRIP = { none: 'NANOC_STRIP_NONE', one: 'NANOC_STRIP_ONE', first: 'NANOC_STRIP_FIRST' } as const;

/** `<name>_tokenizer.h` and `.c`: `const nanoc_tokenizer <name>_tokenizer`. */
export function tokenizerFiles(name: string, tokenizer: Tokenizer, host: EmitHost): EmittedFile[] {
  const view = { name, macro: name.toUpperCase(), ...tokenizerView(tokenizer) };
  return ['h', 'c'].map((kind) => ({
    path: `${name}_tokenizer.${kind}`,
    content: render(host, `tokenizer.${kind}`, view),
  }));
}

function tokenizerView(tokenizer: Tokenizer) {
  const tables = tokenizerTables(tokenizer);
  const array = (symbol: string, data: Uint8Array | Uint16Array | Uint32Array | undefined) =>
    data === undefined || data.length === 0
      ? []
      : [{ symbol, ctype: ctypeOf(data), length: data.length, elements: wrap(elementLiterals(data), '    ') }];
  const arrays = [
    ...array('lengths', tables.lengths),
    ...array('starts', tables.starts),
    ...array('text', tables.text),
    ...array('characters', tables.characters),
    ...array('character_tokens', tables.characterTokens),
    ...array('byte_tokens', tables.bytes),
    ...array('classes', tables.classes),
  ];
  const present = new Set(arrays.map(({ symbol }) => symbol));
  const pointer = (symbol: string) => (present.has(symbol) ? symbol : 'NULL');
  return {
    tokens: tokenizer.pieces.length,
    longest: Math.max(...tables.lengths),
    arrays,
    merges: tables.merges.length === 0 ? false : wrap(tables.merges.map(mergeLiteral), '    '),
    mergeCount: tables.merges.length,
    fields: [
      `.token_count = ${tokenizer.pieces.length}`,
      ...['lengths', 'starts', 'text'].map((symbol) => `.${symbol} = ${pointer(symbol)}`),
      `.merges = ${tables.merges.length === 0 ? 'NULL' : 'merges'}`,
      `.merge_count = ${tables.merges.length}`,
      ...['characters', 'character_tokens'].map((symbol) => `.${symbol} = ${pointer(symbol)}`),
      `.character_count = ${tables.characters.length}`,
      ...['byte_tokens', 'classes'].map((symbol) => `.${symbol} = ${pointer(symbol)}`),
      `.class_count = ${tables.classes?.length ?? 0}`,
      `.prefix = ${tokenizer.prefix ?? 0}`,
      `.space = ${tokenizer.space}`,
      `.prefix_always = ${Number(tokenizer.prefixAlways)}`,
      `.words = ${WORDS[tokenizer.words]}`,
      `.fuse_unknown = ${Number(tokenizer.fuseUnknown)}`,
      `.strip = ${STRIP[tokenizer.strip]}`,
      `.unknown = ${tokenizer.unknown ?? NO_TOKEN}`,
      `.begin = ${tokenizer.begin ?? NO_TOKEN}`,
    ],
  };
}

function mergeLiteral({
  left,
  right,
  result,
  rank,
}: {
  left: number;
  right: number;
  result: number;
  rank: number;
}): string {
  return `{${left}, ${right}, ${result}, ${rank}}`;
}
