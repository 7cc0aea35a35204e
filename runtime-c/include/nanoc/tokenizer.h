/*
 * Text to tokens and back, by byte pair encoding: the same tokens as Hugging Face's `tokenizers`. Tables lie in flash, all other memory comes
 * from the caller. Special tokens are given by number, never by text.
 */
#ifndef NANOC_TOKENIZER_H
#define NANOC_TOKENIZER_H

#include "nanoc/types.h"

#define NANOC_NO_TOKEN 0xFFFFu
/** What nanoc_tokenizer_encode() returns when its buffers are too small. */
#define NANOC_TOKENS_FULL 0xFFFFFFFFu
/** Entries that suffice for any text of so many bytes: a character that has no token takes one for each of its bytes, a broken one is U+FFFD. */
#define NANOC_TOKENIZER_ENTRIES(bytes) (3u * (bytes) + 4u)
/** Bytes of text that one token gives at most, for tokens of at most `longest` bytes. */
#define NANOC_DETOKENIZER_BYTES(longest) (3u * ((longest) + 3u))

/** Two neighbouring tokens that become one; the lowest rank first, the leftmost of equals. */
typedef struct {
  uint16_t left;
  uint16_t right;
  uint16_t result;
  uint16_t rank;
} nanoc_merge;

/** What merges do not cross: nothing, or the words of Metaspace or of GPT-2's regular expression. */
enum { NANOC_WORDS_NONE = 0, NANOC_WORDS_SPACE = 1, NANOC_WORDS_GPT2 = 2 };
/** Spaces that are dropped at the beginning of a text: none, one, all of the first token. */
enum { NANOC_STRIP_NONE = 0, NANOC_STRIP_ONE = 1, NANOC_STRIP_FIRST = 2 };

typedef struct {
  uint32_t token_count;
  /* bytes of each token's text, 0 for special tokens; where the text of every 32nd token begins; the texts */
  const uint8_t *lengths;
  const uint32_t *starts;
  const uint8_t *text;
  /* ascending by left, then right */
  const nanoc_merge *merges;
  uint32_t merge_count;
  /* characters (code points, ascending) with tokens of their own; none: text begins as bytes */
  const uint32_t *characters;
  const uint16_t *character_tokens;
  uint32_t character_count;
  /* tokens of the 256 bytes, or NULL: a character without a token is unknown */
  const uint16_t *byte_tokens;
  /* NANOC_WORDS_GPT2: code point << 2 | class (0 other, 1 letter, 2 number, 3 space), where the class changes */
  const uint32_t *classes;
  uint32_t class_count;
  /* code point before the text, 0: none; code point that a space becomes */
  uint32_t prefix;
  uint32_t space;
  /* 1: also where the text begins with it */
  uint8_t prefix_always;
  uint8_t words;
  /* many unknown characters in a row are one token */
  uint8_t fuse_unknown;
  uint8_t strip;
  /* NANOC_NO_TOKEN: unknown characters are dropped */
  uint16_t unknown;
  /* first token of every text, or NANOC_NO_TOKEN */
  uint16_t begin;
} nanoc_tokenizer;

/**
 * Tokens of a text of UTF-8; each broken part of it counts as U+FFFD. Takes time with the square of the longest word, of the text where there
 * are no words.
 *  tokens, ranks: `capacity` entries each; `ranks` is work. NANOC_TOKENIZER_ENTRIES(bytes) suffice, fewer often do.
 *  Returns the number of tokens, or NANOC_TOKENS_FULL.
 */
uint32_t nanoc_tokenizer_encode(const nanoc_tokenizer *tokenizer, const uint8_t *text, uint32_t bytes,
                                uint16_t *tokens, uint16_t *ranks, uint32_t capacity);

/** Between tokens: the beginning of a character whose end is still to come. All zero at the beginning of a text. */
typedef struct {
  uint8_t pending[4];
  uint8_t count;
  uint8_t started;
} nanoc_detokenizer;

/**
 * Text of the next token, as far as its characters are complete: always whole, valid UTF-8; what can be none becomes U+FFFD.
 *  out: NANOC_DETOKENIZER_BYTES(longest token). Returns the bytes written; special and unknown numbers give none.
 */
uint32_t nanoc_tokenizer_decode_next(const nanoc_tokenizer *tokenizer, nanoc_detokenizer *state, uint32_t token,
                                uint8_t *out);
/** At the end of a text: U+FFFD where a character was left unfinished. out: 3 bytes. */
uint32_t nanoc_tokenizer_decode_end(nanoc_detokenizer *state, uint8_t *out);

#endif
