/** Decoders: the text of each token, and the space that is dropped at the beginning. */
import type { Complaints } from './bpe.js';
import { bytesOfCharacters } from './byte-characters.js';
import { metaspaceSchema, type Part, replaceSchema, sequenceSchemas, stripSchema } from './schema.js';
import { byteOfName, type Tokenizer } from './tokenizer.js';

export interface Decoder extends Pick<Tokenizer, 'strip'> {
  piece(text: string): Uint8Array;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function readDecoder(part: Part | null | undefined, { unsupported }: Complaints): Decoder {
  const plain: Decoder = { strip: 'none', piece: utf8 };
  if (part == null) {
    unsupported('no decoder');
    return plain;
  }
  if (part.type === 'ByteLevel') return { strip: 'none', piece: bytesOfCharacters };
  if (part.type === 'Metaspace') {
    const { data } = metaspaceSchema.safeParse(part);
    if (data !== undefined) return metaspace(data);
  }
  const list = part.type === 'Sequence' ? sequenceSchemas.decoders.safeParse(part) : undefined;
  const found = list?.success ? sequence(list.data.decoders) : undefined;
  if (found !== undefined) return found;
  const names = list?.success ? ` of ${list.data.decoders.map(({ type }) => type).join(', ')}` : '';
  unsupported(`decoder ${part.type}${names}`);
  return plain;
}

function metaspace(data: {
  replacement: string;
  prepend_scheme?: string | undefined;
  add_prefix_space?: boolean | undefined;
}): Decoder {
  const prepends =
    data.prepend_scheme === undefined ? data.add_prefix_space !== false : data.prepend_scheme !== 'never';
  return { strip: prepends ? 'first' : 'none', piece: (text) => utf8(text.replaceAll(data.replacement, ' ')) };
}

/** Replace of a character by a space, ByteFallback, Fuse, Strip of one leading space: each once or not at all, in this order. */
function sequence(parts: readonly Part[]): Decoder | undefined {
  const rest = [...parts];
  const take = (type: string): Part | undefined => (rest[0]?.type === type ? rest.shift() : undefined);
  const [replace, fallback, fuse, strip] = ['Replace', 'ByteFallback', 'Fuse', 'Strip'].map(take);
  const pattern = replace === undefined ? undefined : replaceSchema.safeParse(replace).data;
  if (rest.length > 0 || (replace !== undefined && pattern?.content !== ' ')) return undefined;
  // Without Fuse every token is stripped.
  if (strip !== undefined && (fuse === undefined || !stripSchema.safeParse(strip).success)) return undefined;
  const replaced = (text: string) => (pattern === undefined ? text : text.replaceAll(pattern.pattern.String, ' '));
  return {
    strip: strip === undefined ? 'none' : 'one',
    piece: (text) => {
      const byte = fallback === undefined ? undefined : byteOfName(text);
      return byte === undefined ? utf8(replaced(text)) : Uint8Array.of(byte);
    },
  };
}
