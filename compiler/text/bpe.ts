/** `tokenizer.json` with byte pair encoding: SentencePiece's form (Llama), Metaspace, and ByteLevel (GPT-2). */
import { BYTE_CHARACTERS } from './byte-characters.js';
import { readDecoder } from './decoders.js';
import { readNormalizer, readPreTokenizer } from './pre-tokenizers.js';
import { type Part, sequenceSchemas, type TokenizerDocument, templateSchema } from './schema.js';
import { type Merge, onlyCharacter, type Tokenizer } from './tokenizer.js';

/** What becomes of a fault, and of a part that is not supported. */
export interface Complaints {
  wrong(because: string): never;
  unsupported(what: string): void;
}

const ENDS =
  /^(<\/s>|<eos>|<\|endoftext\|>|<\|end_of_text\|>|<\|im_end\|>|<\|eot_id\|>|<\|end\|>|<end_of_turn>|\[EOS\])$/;
const BEGINS = /^(<s>|<bos>|<\|begin_of_text\|>|<\|startoftext\|>|\[BOS\])$/;

export function readBpe(document: TokenizerDocument, complaints: Complaints): Tokenizer {
  const { model, added_tokens: added } = document;
  checkModel(document, complaints);
  const numbers = new Map([...Object.entries(model.vocab), ...added.map(({ content, id }) => [content, id] as const)]);
  const special = new Set(added.map(({ id }) => id));
  const texts: string[] = [];
  for (const [text, token] of numbers) texts[token] = text;
  const normalizer = readNormalizer(document.normalizer, complaints);
  const split = readPreTokenizer(document.pre_tokenizer, normalizer, complaints);
  const decoder = readDecoder(document.decoder, complaints);
  const named = (pattern: RegExp) => added.filter(({ content }) => pattern.test(content)).map(({ id }) => id);
  const begin = beginOf(document.post_processor, complaints);
  const start = begin ?? named(BEGINS)[0];
  const vocabulary = new Map(Object.entries(model.vocab));
  return {
    pieces: Array.from(texts, (text, token) =>
      text === undefined || special.has(token) ? new Uint8Array() : decoder.piece(text),
    ),
    merges: mergesOf(model, complaints),
    characters: split.bytewise ? new Map() : charactersOf(vocabulary),
    ...bytesOf(split.bytewise, model.byte_fallback === true, vocabulary, complaints),
    ...optional('unknown', model.unk_token == null ? undefined : vocabulary.get(model.unk_token)),
    fuseUnknown: model.fuse_unk === true,
    ...optional('prefix', split.prefix),
    prefixAlways: split.prefixAlways,
    space: split.space,
    words: split.words,
    strip: decoder.strip,
    ...optional('begin', begin),
    ...optional('start', start),
    stops: [...new Set([...named(ENDS), ...(start === undefined ? [] : [start])])],
  };
}

function checkModel({ model, added_tokens: added }: TokenizerDocument, { wrong, unsupported }: Complaints): void {
  if (model.type !== 'BPE') unsupported(`model ${model.type}: only BPE`);
  if ((model.dropout ?? 0) !== 0) unsupported('model: dropout');
  if (model.continuing_subword_prefix) unsupported('model: continuing_subword_prefix');
  if (model.end_of_word_suffix) unsupported('model: end_of_word_suffix');
  if (model.ignore_merges === true) unsupported('model: ignore_merges');
  for (const { content, special } of added) if (!special) unsupported(`added token "${content}" that is not special`);
  if (model.unk_token != null && model.vocab[model.unk_token] === undefined) {
    wrong(`the unknown token "${model.unk_token}" is not in the vocabulary`);
  }
}

function mergesOf({ vocab, merges }: TokenizerDocument['model'], { wrong }: Complaints): Merge[] {
  const known = new Set<string>();
  return merges.flatMap((merge, rank) => {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge;
    const [left, right, result] = [vocab[pair[0]!], vocab[pair[1] ?? ''], vocab[pair.join('')]];
    if (pair.length !== 2 || left === undefined || right === undefined || result === undefined) {
      return wrong(`merge ${rank}, "${pair.join(' ')}", is not of two tokens that make a third`);
    }
    // Of a pair that is there twice the package keeps the last rank; no trainer writes one.
    if (known.has(`${left} ${right}`)) return wrong(`merge ${rank}, "${pair.join(' ')}", is there twice`);
    known.add(`${left} ${right}`);
    return [{ left, right, result, rank }];
  });
}

function charactersOf(vocabulary: ReadonlyMap<string, number>): Map<number, number> {
  return new Map(
    [...vocabulary].flatMap(([text, token]) => {
      const code = onlyCharacter(text);
      return code === undefined ? [] : [[code, token] as const];
    }),
  );
}

function bytesOf(
  bytewise: boolean,
  fallback: boolean,
  vocabulary: ReadonlyMap<string, number>,
  { wrong, unsupported }: Complaints,
): { bytes?: (number | undefined)[] } {
  if (bytewise && fallback) unsupported('model: byte_fallback together with ByteLevel');
  if (bytewise) return { bytes: BYTE_CHARACTERS.map((character) => vocabulary.get(character)) };
  if (!fallback) return {};
  const names = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const missing = names.filter((name) => !vocabulary.has(name));
  if (missing.length > 0) wrong(`byte_fallback needs tokens of all bytes; ${missing[0]} is missing`);
  return { bytes: names.map((name) => vocabulary.get(name)) };
}

/** The token that a post-processor puts before every text. */
function beginOf(part: Part | null | undefined, complaints: Complaints): number | undefined {
  if (part == null || part.type === 'ByteLevel') return undefined;
  const list = part.type === 'Sequence' ? sequenceSchemas.processors.safeParse(part) : undefined;
  if (list?.success) {
    const found = list.data.processors.flatMap((each) => beginOf(each, complaints) ?? []);
    if (found.length > 1) complaints.unsupported('post-processors that add several tokens');
    return found[0];
  }
  const template = part.type === 'TemplateProcessing' ? templateSchema.safeParse(part) : undefined;
  if (template?.success !== true) {
    complaints.unsupported(`post-processor ${part.type}`);
    return undefined;
  }
  const { single, special_tokens: ids } = template.data;
  const at = single.findIndex((item) => 'Sequence' in item);
  const before = single
    .slice(0, at)
    .flatMap((item) => ('SpecialToken' in item ? [item.SpecialToken as { id: string }] : []));
  const tokens = before.flatMap(({ id }) => ids[id]?.ids ?? []);
  if (at < 0 || at !== single.length - 1)
    complaints.unsupported('post-processor TemplateProcessing: tokens behind the text');
  if (tokens.length > 1) complaints.unsupported('post-processor TemplateProcessing: several tokens before the text');
  return tokens[0];
}

function optional<K extends string>(key: K, value: number | undefined): { [P in K]?: number } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: number };
}
