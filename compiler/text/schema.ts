/** The parts of `tokenizer.json` that nanoc reads (https://github.com/huggingface/tokenizers); others are looked at by their type only. */
import { z } from 'zod';

/** A normalizer, pre-tokenizer, post-processor or decoder: its type says what else it has. */
export const partSchema = z.looseObject({ type: z.string() });
export type Part = z.infer<typeof partSchema>;

const id = z.int().min(0);

export const tokenizerSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id, content: z.string(), special: z.boolean() })).default([]),
  normalizer: partSchema.nullish(),
  pre_tokenizer: partSchema.nullish(),
  post_processor: partSchema.nullish(),
  decoder: partSchema.nullish(),
  model: z.looseObject({
    // Files of before 2020 have none.
    type: z.string().default('BPE'),
    vocab: z.record(z.string(), id),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
    dropout: z.number().nullish(),
    unk_token: z.string().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
    fuse_unk: z.boolean().nullish(),
    byte_fallback: z.boolean().nullish(),
    ignore_merges: z.boolean().nullish(),
  }),
});
export type TokenizerDocument = z.infer<typeof tokenizerSchema>;

export const sequenceSchemas = {
  normalizers: z.looseObject({ normalizers: z.array(partSchema) }),
  pretokenizers: z.looseObject({ pretokenizers: z.array(partSchema) }),
  decoders: z.looseObject({ decoders: z.array(partSchema) }),
  processors: z.looseObject({ processors: z.array(partSchema) }),
};
export const prependSchema = z.looseObject({ prepend: z.string() });
export const replaceSchema = z.looseObject({ pattern: z.looseObject({ String: z.string() }), content: z.string() });
export const metaspaceSchema = z.looseObject({
  replacement: z.string(),
  prepend_scheme: z.enum(['always', 'first', 'never']).optional(),
  add_prefix_space: z.boolean().optional(),
  split: z.boolean().default(true),
});
export const byteLevelSchema = z.looseObject({ add_prefix_space: z.boolean(), use_regex: z.boolean().default(true) });
export const splitSchema = z.looseObject({
  pattern: z.looseObject({ Regex: z.string() }),
  behavior: z.literal('Isolated'),
  invert: z.literal(false),
});
export const stripSchema = z.looseObject({ content: z.literal(' '), start: z.literal(1), stop: z.literal(0) });
export const templateSchema = z.looseObject({
  single: z.array(
    z.union([
      z.looseObject({ SpecialToken: z.looseObject({ id: z.string() }) }),
      z.looseObject({ Sequence: z.looseObject({ id: z.string() }) }),
    ]),
  ),
  special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(id) })),
});
