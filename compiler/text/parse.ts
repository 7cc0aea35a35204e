/** Reads the file of a tokenizer: `tokenizer.json` of Hugging Face, or a list of tokens as bytes. */
import { z } from 'zod';
import { fail } from '../diagnostics/diagnostic.js';
import { readBpe } from './bpe.js';
import { listSchema, readList } from './byte-list.js';
import { tokenizerSchema } from './schema.js';
import type { Tokenizer } from './tokenizer.js';

/** A tokenizer's file, by its name (for messages) and its text. */
export interface TokenizerSource {
  readonly fileName: string;
  readonly text: string;
}

/** Numbers of tokens and ranks of merges are 16 bits in the tables; the last number means none. */
const MOST = 65535;

/** @throws CompileError NC0734 when it is no tokenizer, NC0735 when it has a part that nanoc has no C for */
export function parseTokenizer({ fileName, text }: TokenizerSource): Tokenizer {
  const wrong = (because: string): never =>
    fail({ code: 'NC0734', message: `${fileName} is no tokenizer that can be read`, because });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return wrong((error as Error).message);
  }
  const list = listSchema.safeParse(document);
  const parsed = list.success ? undefined : tokenizerSchema.safeParse(document);
  if (parsed?.success === false) return wrong(z.prettifyError(parsed.error));
  const unsupported: string[] = [];
  const tokenizer = list.success
    ? readList(list.data, wrong)
    : readBpe(parsed!.data!, { wrong, unsupported: (what) => unsupported.push(what) });
  if (tokenizer.pieces.length >= MOST) unsupported.push(`${tokenizer.pieces.length} tokens: at most ${MOST - 1}`);
  if (tokenizer.merges.length >= MOST) unsupported.push(`${tokenizer.merges.length} merges: at most ${MOST - 1}`);
  if (tokenizer.pieces.some((piece) => piece.length > 255)) unsupported.push('a token of more than 255 bytes');
  if (unsupported.length > 0) {
    fail({
      code: 'NC0735',
      message: `${fileName} has parts that nanoc has no C for`,
      because: unsupported.join('\n'),
      help: '`nanoc explain NC0735` lists what is supported',
    });
  }
  return tokenizer;
}
