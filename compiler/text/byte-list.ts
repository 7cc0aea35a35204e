/**
 * A list of tokens as bytes in base64, its index the token's number, as llama2.c's models come: special tokens, `<0x00>` to `<0xFF>`, then
 * pieces of SentencePiece with plain spaces. Of two neighbours those are merged whose piece has the lowest number.
 */
import { z } from 'zod';
import { byteOfName, type Merge, onlyCharacter, SPACE, type Tokenizer } from './tokenizer.js';

export const listSchema = z.looseObject({ vocab: z.array(z.base64()) });

const BEGIN = 1;
const END = 2;

export function readList({ vocab }: z.infer<typeof listSchema>, wrong: (because: string) => never): Tokenizer {
  const raw = vocab.map((each) => Buffer.from(each, 'base64'));
  const texts = raw.map((bytes) => bytes.toString('utf8'));
  const firstByte = texts.indexOf('<0x00>');
  const isComplete = Array.from({ length: 256 }, (_, byte) => byteOfName(texts[firstByte + byte] ?? '') === byte);
  if (firstByte <= END || isComplete.includes(false)) {
    return wrong(
      'a list of tokens has special ones, 1 and 2 for the ends of a text, then <0x00> to <0xFF>, then pieces',
    );
  }
  const firstPiece = firstByte + 256;
  const numbers = new Map(texts.flatMap((text, token) => (token < firstPiece ? [] : [[text, token] as const])));
  const characters = [...numbers].flatMap(([text, token]) => {
    const code = onlyCharacter(text);
    return code === undefined ? [] : [[code, token] as const];
  });
  return {
    pieces: raw.map((bytes, token) => {
      if (token < firstByte) return new Uint8Array();
      return token < firstPiece ? Uint8Array.of(token - firstByte) : Uint8Array.from(bytes);
    }),
    merges: [...numbers].flatMap(([text, token]) => splits(text, token, numbers)),
    characters: new Map(characters),
    bytes: Array.from({ length: 256 }, (_, byte) => firstByte + byte),
    fuseUnknown: false,
    prefix: SPACE,
    prefixAlways: true,
    space: SPACE,
    words: 'none',
    strip: 'one',
    begin: BEGIN,
    start: BEGIN,
    stops: [BEGIN, END],
  };
}

/** Every way in which a piece is two pieces. */
function splits(text: string, result: number, numbers: ReadonlyMap<string, number>): Merge[] {
  const letters = [...text];
  return letters.slice(1).flatMap((_, index) => {
    const left = numbers.get(letters.slice(0, index + 1).join(''));
    const right = numbers.get(letters.slice(index + 1).join(''));
    return left === undefined || right === undefined ? [] : [{ left, right, result, rank: result }];
  });
}
