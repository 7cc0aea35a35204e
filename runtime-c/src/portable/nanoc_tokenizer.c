#include "nanoc/tokenizer.h"

#include <string.h>

#define REPLACEMENT 0xFFFDu
/* The text ends in the middle of a character. */
#define INCOMPLETE 0xFFFFFFFFu

enum { OTHER = 0, LETTER = 1, NUMBER = 2, SPACE = 3 };

/* ---- UTF-8, as the WHATWG's decoder: the longest beginning of a character that is none is one replacement ---- */
static uint32_t next_code(const uint8_t *text, uint32_t bytes, uint32_t *at) {
  const uint8_t lead = text[*at];
  uint32_t code;
  uint32_t needed;
  uint8_t low = 0x80u;
  uint8_t high = 0xBFu;
  *at += 1u;
  if (lead < 0x80u) {
    return lead;
  }
  if (lead >= 0xC2u && lead <= 0xDFu) {
    needed = 1u;
    code = lead & 0x1Fu;
  } else if (lead >= 0xE0u && lead <= 0xEFu) {
    needed = 2u;
    code = lead & 0x0Fu;
    low = (lead == 0xE0u) ? 0xA0u : 0x80u;
    high = (lead == 0xEDu) ? 0x9Fu : 0xBFu;
  } else if (lead >= 0xF0u && lead <= 0xF4u) {
    needed = 3u;
    code = lead & 0x07u;
    low = (lead == 0xF0u) ? 0x90u : 0x80u;
    high = (lead == 0xF4u) ? 0x8Fu : 0xBFu;
  } else {
    return REPLACEMENT;
  }
  for (; needed > 0u; needed--) {
    if (*at == bytes) {
      return INCOMPLETE;
    }
    if (text[*at] < low || text[*at] > high) {
      return REPLACEMENT;
    }
    code = (code << 6) | (text[*at] & 0x3Fu);
    *at += 1u;
    low = 0x80u;
    high = 0xBFu;
  }
  return code;
}

static uint32_t write_code(uint32_t code, uint8_t *out) {
  if (code < 0x80u) {
    out[0] = (uint8_t)code;
    return 1u;
  }
  if (code < 0x800u) {
    out[0] = (uint8_t)(0xC0u | (code >> 6));
    out[1] = (uint8_t)(0x80u | (code & 0x3Fu));
    return 2u;
  }
  if (code < 0x10000u) {
    out[0] = (uint8_t)(0xE0u | (code >> 12));
    out[1] = (uint8_t)(0x80u | ((code >> 6) & 0x3Fu));
    out[2] = (uint8_t)(0x80u | (code & 0x3Fu));
    return 3u;
  }
  out[0] = (uint8_t)(0xF0u | (code >> 18));
  out[1] = (uint8_t)(0x80u | ((code >> 12) & 0x3Fu));
  out[2] = (uint8_t)(0x80u | ((code >> 6) & 0x3Fu));
  out[3] = (uint8_t)(0x80u | (code & 0x3Fu));
  return 4u;
}

/* ---- The text with its prefix, which is position 0 where there is one ---- */
typedef struct {
  const nanoc_tokenizer *tokenizer;
  const uint8_t *text;
  uint32_t bytes;
  uint32_t shift;
  uint32_t end;
} source;

static uint32_t next_character(const source *from, uint32_t *at) {
  if (*at < from->shift) {
    *at = from->shift;
    return from->tokenizer->prefix;
  }
  uint32_t inside = *at - from->shift;
  const uint32_t code = next_code(from->text, from->bytes, &inside);
  *at = inside + from->shift;
  if (code == INCOMPLETE) {
    return REPLACEMENT;
  }
  return code == 0x20u ? from->tokenizer->space : code;
}

static source source_of(const nanoc_tokenizer *tokenizer, const uint8_t *text, uint32_t bytes) {
  source from = {tokenizer, text, bytes, 0u, bytes};
  if (tokenizer->prefix != 0u && bytes != 0u) {
    uint32_t at = 0u;
    if (tokenizer->prefix_always != 0u || next_character(&from, &at) != tokenizer->prefix) {
      from.shift = 1u;
      from.end = bytes + 1u;
    }
  }
  return from;
}

/* ---- Words ---- */
static uint32_t class_of(const nanoc_tokenizer *tokenizer, uint32_t code) {
  uint32_t low = 0u;
  uint32_t high = tokenizer->class_count;
  while (high - low > 1u) {
    const uint32_t middle = (low + high) / 2u;
    if ((tokenizer->classes[middle] >> 2) <= code) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return tokenizer->classes[low] & 3u;
}

/** End of the characters of one class from `at` on. */
static uint32_t run_end(const source *from, uint32_t at, uint32_t wanted) {
  uint32_t end = at;
  while (end < from->end) {
    uint32_t next = end;
    if (class_of(from->tokenizer, next_character(from, &next)) != wanted) {
      break;
    }
    end = next;
  }
  return end;
}

/** End of 's 't 're 've 'm 'll 'd, whose apostrophe ends at `at`; 0 where there is none of them. */
static uint32_t contraction_end(const source *from, uint32_t at) {
  const uint32_t first = at < from->end ? from->text[at - from->shift] : 0u;
  const uint32_t second = at + 1u < from->end ? from->text[at + 1u - from->shift] : 0u;
  if (first == 's' || first == 't' || first == 'm' || first == 'd') {
    return at + 1u;
  }
  if (((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l')) {
    return at + 2u;
  }
  return 0u;
}

/** \s+(?!\S)|\s+ : the last of several spaces belongs to the word behind them. */
static uint32_t spaces_end(const source *from, uint32_t at) {
  uint32_t last = at;
  uint32_t end = at;
  while (end < from->end) {
    uint32_t next = end;
    if (class_of(from->tokenizer, next_character(from, &next)) != SPACE) {
      return last == at ? end : last;
    }
    last = end;
    end = next;
  }
  return end;
}

/** 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
static uint32_t gpt2_word_end(const source *from, uint32_t at) {
  uint32_t next = at;
  const uint32_t code = next_character(from, &next);
  const uint32_t kind = class_of(from->tokenizer, code);
  if (code == '\'') {
    const uint32_t end = contraction_end(from, next);
    if (end != 0u) {
      return end;
    }
  }
  if (kind != SPACE) {
    return run_end(from, next, kind);
  }
  if (code == 0x20u && next < from->end) {
    uint32_t behind = next;
    const uint32_t following = class_of(from->tokenizer, next_character(from, &behind));
    if (following != SPACE) {
      return run_end(from, behind, following);
    }
  }
  return spaces_end(from, at);
}

/** A word begins at every space. */
static uint32_t spaced_word_end(const source *from, uint32_t at) {
  uint32_t end = at;
  (void)next_character(from, &end);
  while (end < from->end) {
    uint32_t next = end;
    if (next_character(from, &next) == from->tokenizer->space) {
      break;
    }
    end = next;
  }
  return end;
}

static uint32_t word_end(const source *from, uint32_t at) {
  switch (from->tokenizer->words) {
    case NANOC_WORDS_SPACE:
      return spaced_word_end(from, at);
    case NANOC_WORDS_GPT2:
      return gpt2_word_end(from, at);
    default:
      return from->end;
  }
}

/* ---- The tokens that a word begins as ---- */
typedef struct {
  uint16_t *tokens;
  uint32_t count;
  uint32_t capacity;
  /* the last one stands for an unknown character of this word */
  uint32_t after_unknown;
} symbols;

/** Returns 0 when there is no room. */
static uint32_t add_symbol(const nanoc_tokenizer *tokenizer, symbols *to, uint32_t token) {
  const uint32_t unknown = token == NANOC_NO_TOKEN;
  const uint32_t symbol = unknown ? tokenizer->unknown : token;
  if (symbol == NANOC_NO_TOKEN || (unknown && to->after_unknown && tokenizer->fuse_unknown != 0u)) {
    return 1u;
  }
  if (to->count == to->capacity) {
    return 0u;
  }
  to->tokens[to->count] = (uint16_t)symbol;
  to->count++;
  to->after_unknown = unknown;
  return 1u;
}

static uint32_t character_token(const nanoc_tokenizer *tokenizer, uint32_t code) {
  uint32_t low = 0u;
  uint32_t high = tokenizer->character_count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2u;
    if (tokenizer->characters[middle] < code) {
      low = middle + 1u;
    } else {
      high = middle;
    }
  }
  const uint32_t found = low < tokenizer->character_count && tokenizer->characters[low] == code;
  return found ? tokenizer->character_tokens[low] : NANOC_NO_TOKEN;
}

static uint32_t add_character(const nanoc_tokenizer *tokenizer, symbols *to, uint32_t code) {
  const uint32_t token = character_token(tokenizer, code);
  uint8_t bytes[4];
  if (token != NANOC_NO_TOKEN || tokenizer->byte_tokens == NULL) {
    return add_symbol(tokenizer, to, token);
  }
  const uint32_t count = write_code(code, bytes);
  for (uint32_t i = 0u; i < count; i++) {
    if (add_symbol(tokenizer, to, tokenizer->byte_tokens[bytes[i]]) == 0u) {
      return 0u;
    }
  }
  return 1u;
}

/* ---- Merging ---- */
static const nanoc_merge *find_merge(const nanoc_tokenizer *tokenizer, uint32_t left, uint32_t right) {
  const uint32_t wanted = (left << 16) | right;
  uint32_t low = 0u;
  uint32_t high = tokenizer->merge_count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2u;
    const nanoc_merge *merge = &tokenizer->merges[middle];
    const uint32_t pair = ((uint32_t)merge->left << 16) | merge->right;
    if (pair == wanted) {
      return merge;
    }
    if (pair < wanted) {
      low = middle + 1u;
    } else {
      high = middle;
    }
  }
  return NULL;
}

static uint16_t rank_of(const nanoc_tokenizer *tokenizer, const uint16_t *pair) {
  const nanoc_merge *merge = find_merge(tokenizer, pair[0], pair[1]);
  return merge == NULL ? 0xFFFFu : merge->rank;
}

/** Merges a word in place; returns how many tokens are left. ranks[i] is that of tokens i and i + 1. */
static uint32_t merge_word(const nanoc_tokenizer *tokenizer, uint16_t *tokens, uint16_t *ranks, uint32_t count) {
  for (uint32_t i = 0u; i + 1u < count; i++) {
    ranks[i] = rank_of(tokenizer, &tokens[i]);
  }
  while (count > 1u) {
    uint32_t best = 0u;
    for (uint32_t i = 1u; i + 1u < count; i++) {
      best = ranks[i] < ranks[best] ? i : best;
    }
    if (ranks[best] == 0xFFFFu) {
      break;
    }
    tokens[best] = find_merge(tokenizer, tokens[best], tokens[best + 1u])->result;
    const uint32_t behind = count - best - 2u;
    memmove(&tokens[best + 1u], &tokens[best + 2u], behind * sizeof tokens[0]);
    memmove(&ranks[best], &ranks[best + 1u], behind * sizeof ranks[0]);
    count--;
    if (best > 0u) {
      ranks[best - 1u] = rank_of(tokenizer, &tokens[best - 1u]);
    }
    if (best + 1u < count) {
      ranks[best] = rank_of(tokenizer, &tokens[best]);
    }
  }
  return count;
}

uint32_t nanoc_tokenizer_encode(const nanoc_tokenizer *tokenizer, const uint8_t *text, uint32_t bytes,
                                uint16_t *tokens, uint16_t *ranks, uint32_t capacity) {
  const source from = source_of(tokenizer, text, bytes);
  symbols to = {tokens, 0u, capacity, 0u};
  if (tokenizer->begin != NANOC_NO_TOKEN && add_symbol(tokenizer, &to, tokenizer->begin) == 0u) {
    return NANOC_TOKENS_FULL;
  }
  for (uint32_t at = 0u; at < from.end;) {
    const uint32_t end = word_end(&from, at);
    const uint32_t first = to.count;
    to.after_unknown = 0u;
    while (at < end) {
      if (add_character(tokenizer, &to, next_character(&from, &at)) == 0u) {
        return NANOC_TOKENS_FULL;
      }
    }
    to.count = first + merge_word(tokenizer, &tokens[first], &ranks[first], to.count - first);
  }
  return to.count;
}

/* ---- Back to text ---- */
static uint32_t add_byte(nanoc_detokenizer *state, uint8_t byte, uint8_t *out) {
  uint32_t written = 0u;
  state->pending[state->count] = byte;
  state->count++;
  while (state->count > 0u) {
    uint32_t at = 0u;
    const uint32_t code = next_code(state->pending, state->count, &at);
    if (code == INCOMPLETE) {
      break;
    }
    written += write_code(code, &out[written]);
    state->count = (uint8_t)(state->count - at);
    memmove(state->pending, &state->pending[at], state->count);
  }
  return written;
}

uint32_t nanoc_tokenizer_decode_next(const nanoc_tokenizer *tokenizer, nanoc_detokenizer *state, uint32_t token,
                                uint8_t *out) {
  if (token >= tokenizer->token_count || tokenizer->lengths[token] == 0u) {
    return 0u;
  }
  uint32_t at = tokenizer->starts[token / 32u];
  for (uint32_t before = token & ~31u; before < token; before++) {
    at += tokenizer->lengths[before];
  }
  uint32_t written = 0u;
  for (uint32_t i = 0u; i < tokenizer->lengths[token]; i++) {
    const uint8_t byte = tokenizer->text[at + i];
    const uint32_t dropped =
        tokenizer->strip == NANOC_STRIP_FIRST || (tokenizer->strip == NANOC_STRIP_ONE && i == 0u);
    if (state->started == 0u && dropped && byte == 0x20u) {
      continue;
    }
    written += add_byte(state, byte, &out[written]);
  }
  state->started = 1u;
  return written;
}

uint32_t nanoc_tokenizer_decode_end(nanoc_detokenizer *state, uint8_t *out) {
  const uint32_t unfinished = state->count;
  memset(state, 0, sizeof *state);
  return unfinished == 0u ? 0u : write_code(REPLACEMENT, out);
}
