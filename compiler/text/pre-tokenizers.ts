/** Normalizers and pre-tokenizers: what goes before the text, what a space becomes, and where words end. */
import type { Complaints } from './bpe.js';
import {
  byteLevelSchema,
  metaspaceSchema,
  type Part,
  prependSchema,
  replaceSchema,
  sequenceSchemas,
  splitSchema,
} from './schema.js';
import { onlyCharacter, SPACE, type Tokenizer } from './tokenizer.js';

/** GPT-2's words, as ByteLevel has them and as a Split spells them out. */
export const GPT2_WORDS = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

export interface Normalized {
  readonly prefix?: number;
  readonly prefixAlways: boolean;
  readonly space: number;
}

export interface Splitting extends Normalized, Pick<Tokenizer, 'words'> {
  /** Words become bytes, not characters. */
  readonly bytewise: boolean;
}

/** Prepend, and Replace of a space. */
export function readNormalizer(part: Part | null | undefined, { unsupported }: Complaints): Normalized {
  let result: Normalized = { prefixAlways: false, space: SPACE };
  for (const each of partsOf(part, 'normalizers')) {
    const prepended = each.type === 'Prepend' ? prependSchema.safeParse(each).data?.prepend : undefined;
    const replaced = each.type === 'Replace' ? replaceSchema.safeParse(each).data : undefined;
    const [prefix, space] = [onlyCharacter(prepended ?? ''), onlyCharacter(replaced?.content ?? '')];
    if (prefix !== undefined && result.prefix === undefined) {
      result = { ...result, prefix, prefixAlways: true };
    } else if (space !== undefined && replaced?.pattern.String === ' ' && result.space === SPACE) {
      result = { ...result, space, ...(result.prefix === SPACE ? { prefix: space } : {}) };
    } else unsupported(`normalizer ${each.type}: only Prepend of a character and Replace of " " by one`);
  }
  return result;
}

export function readPreTokenizer(
  part: Part | null | undefined,
  normalized: Normalized,
  { unsupported }: Complaints,
): Splitting {
  let result: Splitting = { ...normalized, words: 'none', bytewise: false };
  for (const each of partsOf(part, 'pretokenizers')) {
    const next = result.bytewise ? undefined : withPart(result, each);
    if (next === undefined) unsupported(`pre-tokenizer ${each.type}${patternOf(each)}`);
    else result = next;
  }
  return result;
}

/** Undefined where it is not supported, or not behind what there is already. */
function withPart(before: Splitting, part: Part): Splitting | undefined {
  if (part.type === 'Split') {
    const { data } = splitSchema.safeParse(part);
    return data?.pattern.Regex === GPT2_WORDS && before.words === 'none' ? { ...before, words: 'gpt2' } : undefined;
  }
  if (part.type === 'ByteLevel') {
    const { data } = byteLevelSchema.safeParse(part);
    // A prefix is for every word where there are words already.
    if (data === undefined || before.space !== SPACE || (data.add_prefix_space && before.words !== 'none'))
      return undefined;
    if (data.use_regex && before.words !== 'none') return undefined;
    const prefix = data.add_prefix_space && before.prefix === undefined ? { prefix: SPACE } : {};
    return { ...before, ...prefix, bytewise: true, words: data.use_regex ? 'gpt2' : before.words };
  }
  if (part.type !== 'Metaspace' || before.words !== 'none') return undefined;
  const { data } = metaspaceSchema.safeParse(part);
  const space = onlyCharacter(data?.replacement ?? '');
  if (data === undefined || space === undefined || (before.space !== SPACE && before.space !== space)) return undefined;
  const prepends =
    data.prepend_scheme === undefined ? data.add_prefix_space !== false : data.prepend_scheme !== 'never';
  const words = data.split ? 'space' : 'none';
  if (before.prefix !== undefined && before.prefix !== space) return undefined;
  return { ...before, space, words, ...(prepends ? { prefix: space } : {}) };
}

function patternOf(part: Part): string {
  const { pattern } = part as { pattern?: { Regex?: unknown; String?: unknown } };
  const text = pattern?.Regex ?? pattern?.String;
  return typeof text === 'string' ? `: pattern ${text}` : '';
}

function partsOf(part: Part | null | undefined, key: 'normalizers' | 'pretokenizers'): readonly Part[] {
  if (part == null) return [];
  if (part.type !== 'Sequence') return [part];
  const parsed = sequenceSchemas[key].safeParse(part);
  return parsed.success ? ((parsed.data as unknown as Record<string, Part[]>)[key] ?? []) : [part];
}
