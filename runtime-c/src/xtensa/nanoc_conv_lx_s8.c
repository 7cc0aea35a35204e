#include "nanoc/xtensa.h"

/* `quads` times four bytes, on words, widened. */
static uint32_t *widen(const int8_t *from, int32_t quads, uint32_t *to) {
  for (int32_t i = 0; i < quads; i++, from += 4, to += 2) {
    nanoc_lx_widen(nanoc_lx_load(from), to);
  }
  return to;
}

static uint32_t *fill(uint32_t value, int32_t words, uint32_t *to) {
  for (int32_t i = 0; i < words; i++) {
    *to++ = value;
  }
  return to;
}

/* A window whose pixels are whole words. */
static void gather_words(const nanoc_lx_conv_params *p, const int8_t *x, int32_t iy, int32_t ix, uint32_t *to) {
  const uint32_t zero = (uint32_t)(p->x_zero + 128) * 0x00010001u;
  const int32_t pixel = p->in_c / 2;
  const int32_t left = ix < 0 ? (-ix < p->kernel_w ? -ix : p->kernel_w) : 0;
  const int32_t room = p->in_w - ix < p->kernel_w ? p->in_w - ix : p->kernel_w;
  const int32_t inside = room > left ? room - left : 0;
  const int8_t *line = x + (iy * p->in_w + ix + left) * p->in_c;
  for (int32_t row = iy; row < iy + p->kernel_h; row++, line += p->in_w * p->in_c) {
    if (row < 0 || row >= p->in_h) {
      to = fill(zero, p->kernel_w * pixel, to);
      continue;
    }
    to = fill(zero, left * pixel, to);
    to = widen(line, inside * pixel / 2, to);
    to = fill(zero, (p->kernel_w - left - inside) * pixel, to);
  }
}

/* Any window: copied, then widened. What fills it up becomes zeros. */
static void gather_bytes(const nanoc_lx_conv_params *p, const int8_t *x, int32_t iy, int32_t ix, int8_t *copy, uint32_t *to) {
  const int32_t row_bytes = p->kernel_w * p->in_c;
  const int32_t used = p->kernel_h * row_bytes;
  const int32_t left = ix < 0 ? (-ix < p->kernel_w ? -ix : p->kernel_w) : 0;
  const int32_t room = p->in_w - ix < p->kernel_w ? p->in_w - ix : p->kernel_w;
  const int32_t inside = room > left ? (room - left) * p->in_c : 0;
  const int8_t *line = x + (iy * p->in_w + ix + left) * p->in_c;
  int8_t *at = copy;
  if (inside < row_bytes || iy < 0 || iy + p->kernel_h > p->in_h) {
    memset(copy, p->x_zero, (size_t)used);
  }
  for (int32_t row = iy; row < iy + p->kernel_h; row++, line += p->in_w * p->in_c, at += row_bytes) {
    if (row >= 0 && row < p->in_h) {
      int8_t *into = at + left * p->in_c;
      for (int32_t i = 0; i < inside; i++) {
        into[i] = line[i];
      }
    }
  }
  for (int32_t i = used; i < 4 * p->quads; i++) {
    copy[i] = -128;
  }
  (void)widen(copy, p->quads, to);
}

/* For each pixel of a block what is taken off a sum, 128 times the sum of its inputs or as often as `factor` says, and the first channel's sum. */
typedef struct {
  uint32_t correction;
  uint32_t sum;
} pixel;

/* What one walk over the pixels of a block needs besides the channel's own. */
typedef struct {
  const uint32_t *windows;
  pixel *pixels;
  uint32_t *totals; /* sums of the inputs; with factors only */
  int32_t count;
  int32_t quads;
  int32_t channels;
  int32_t zero;
} block;

#if NANOC_MAC16_ASSEMBLY

/* A multiplication an instruction, each of which also loads the next word: what is behind the last window and behind w is loaded too. */
#define MULTIPLY                              \
  "\twsr.acclo %[t]\n"                        \
  "\tmov %[pw], %[w]\n"                       \
  "\tldinc m2, %[pw]\n"                       \
  "\tloop %[quads], 1f\n"                     \
  "\tmula.dd.ll.ldinc m1, %[x], m0, m2\n"     \
  "\tmula.dd.hh.ldinc m3, %[pw], m0, m2\n"    \
  "\tmula.dd.ll.ldinc m0, %[x], m1, m3\n"     \
  "\tmula.dd.hh.ldinc m2, %[pw], m1, m3\n"    \
  "1:\n"                                      \
  "\trsr.acclo %[t]\n"

#define REQUANTIZE                            \
  "\tfloat.s %[f], %[t], 0\n"                 \
  "\taddi %[pixels], %[pixels], 8\n"          \
  "\tmul.s %[f], %[f], %[scale]\n"            \
  "\taddi %[count], %[count], -1\n"           \
  "\tround.s %[t], %[f], 0\n"                 \
  "\tadd %[t], %[t], %[zero]\n"               \
  "\tclamps %[t], %[t], 7\n"                  \
  "\ts8i %[t], %[y], 0\n"                     \
  "\tadd %[y], %[y], %[channels]\n"           \
  "\tbnez %[count], 2b"

#define OPERANDS                                                                                                          \
  [x] "+a"(x), [y] "+a"(y), [pixels] "+a"(pixels), [count] "+a"(count), [t] "=&a"(t), [pw] "=&a"(pw), [f] "=&f"(f) \
      : [w] "a"(NANOC_LX_BEFORE(w)), [start] "a"(start), [quads] "a"(b->quads), [zero] "a"(b->zero),                      \
        [channels] "a"(b->channels), [scale] "f"(scale)                                                                   \
      : "acc", "memory"

/* The first channel of a pair, or a last single one, of all pixels; w holds its weights alone. */
static NANOC_NOINLINE void first_channel(const block *b, const uint32_t *w, uint32_t start, float scale, int8_t *y) {
  uint32_t x = NANOC_LX_BEFORE(b->windows);
  pixel *pixels = b->pixels;
  int32_t count = b->count;
  uint32_t t;
  uint32_t pw;
  float f;
  __asm__ volatile(
      "ldinc m0, %[x]\n"
      "2:\n"
      "\tl32i %[t], %[pixels], 0\n"
      "\tsub %[t], %[start], %[t]\n" MULTIPLY
      "\ts32i %[t], %[pixels], 4\n" REQUANTIZE
      : OPERANDS);
}

/* Sum of the first channel of a pair for one pixel, its weights masked on the way: cheaper than a copy that serves only once. */
static NANOC_NOINLINE uint32_t first_sum(const uint32_t *x, const uint32_t *w, int32_t quads, uint32_t start) {
  uint32_t sum = start;
  uint32_t px = NANOC_LX_BEFORE(x);
  const uint32_t mask = 0x00FF00FFu;
  uint32_t a;
  uint32_t b;
  __asm__ volatile(
      "wsr.acclo %[sum]\n"
      "\tldinc m0, %[x]\n"
      "\tloop %[quads], 1f\n"
      "\tl32i %[a], %[w], 0\n"
      "\tl32i %[b], %[w], 4\n"
      "\tand %[a], %[a], %[mask]\n"
      "\tand %[b], %[b], %[mask]\n"
      "\tmula.da.ll.ldinc m1, %[x], m0, %[a]\n"
      "\tmula.da.hh m0, %[a]\n"
      "\tmula.da.ll.ldinc m0, %[x], m1, %[b]\n"
      "\tmula.da.hh m1, %[b]\n"
      "\taddi %[w], %[w], 8\n"
      "1:\n"
      "\trsr.acclo %[sum]"
      : [sum] "+a"(sum), [x] "+a"(px), [w] "+a"(w), [a] "=&a"(a), [b] "=&a"(b)
      : [quads] "a"(quads), [mask] "a"(mask)
      : "acc", "memory");
  return sum;
}

/* The second channel of a pair, from the sum of both. */
static NANOC_NOINLINE void second_channel(const block *b, const uint32_t *w, uint32_t start, float scale, int8_t *y) {
  uint32_t x = NANOC_LX_BEFORE(b->windows);
  pixel *pixels = b->pixels;
  int32_t count = b->count;
  uint32_t t;
  uint32_t pw;
  float f;
  __asm__ volatile(
      "ldinc m0, %[x]\n"
      "2:\n"
      "\tl32i %[t], %[pixels], 0\n"
      "\tsub %[t], %[start], %[t]\n" MULTIPLY
      "\tl32i %[pw], %[pixels], 4\n"
      "\tsub %[t], %[t], %[pw]\n"
      "\tsrai %[t], %[t], 8\n" REQUANTIZE
      : OPERANDS);
}

/* 128 * sum(x). */
static uint32_t correction_of(const uint32_t *x, int32_t quads) {
  uint32_t sum = 0u;
  uint32_t px = NANOC_LX_BEFORE(x);
  const uint32_t factor = 0x00800080u;
  __asm__ volatile(
      "wsr.acclo %[sum]\n"
      "\twsr.m2 %[factor]\n"
      "\tldinc m0, %[x]\n"
      "\tloop %[quads], 1f\n"
      "\tmula.dd.ll.ldinc m1, %[x], m0, m2\n"
      "\tmula.dd.hh m0, m2\n"
      "\tmula.dd.ll.ldinc m0, %[x], m1, m2\n"
      "\tmula.dd.hh m1, m2\n"
      "1:\n"
      "\trsr.acclo %[sum]"
      : [sum] "+a"(sum), [x] "+a"(px)
      : [quads] "a"(quads), [factor] "a"(factor)
      : "acc", "memory");
  return sum;
}

#else

/* The C twins. */
static uint32_t dot(const uint32_t *x, const uint32_t *w, int32_t quads, uint32_t start) {
  for (int32_t i = 0; i < 2 * quads; i++) {
    start += nanoc_lx_product(x[i], w[i]);
  }
  return start;
}

static void first_channel(const block *b, const uint32_t *w, uint32_t start, float scale, int8_t *y) {
  for (int32_t i = 0; i < b->count; i++, y += b->channels) {
    b->pixels[i].sum = dot(b->windows + 2 * b->quads * i, w, b->quads, start - b->pixels[i].correction);
    *y = nanoc_lx_requantize(b->pixels[i].sum, scale, b->zero);
  }
}

static uint32_t first_sum(const uint32_t *x, const uint32_t *w, int32_t quads, uint32_t start) {
  for (int32_t i = 0; i < 2 * quads; i++) {
    start += nanoc_lx_product(x[i], w[i] & 0x00FF00FFu);
  }
  return start;
}

static void second_channel(const block *b, const uint32_t *w, uint32_t start, float scale, int8_t *y) {
  for (int32_t i = 0; i < b->count; i++, y += b->channels) {
    const uint32_t both = dot(b->windows + 2 * b->quads * i, w, b->quads, start - b->pixels[i].correction);
    *y = nanoc_lx_requantize((uint32_t)((int32_t)(both - b->pixels[i].sum) >> 8), scale, b->zero);
  }
}

static uint32_t correction_of(const uint32_t *x, int32_t quads) {
  uint32_t sum = 0u;
  for (int32_t i = 0; i < 2 * quads; i++) {
    sum += nanoc_lx_product(x[i], 0x00800080u);
  }
  return sum;
}

#endif

/* The weights of the first channel of a pair. */
static NANOC_NOINLINE void part(const uint32_t *w, int32_t quads, uint32_t *lows) {
  for (int32_t i = 0; i < quads; i++, w += 2, lows += 2) {
    const uint32_t even = w[0];
    const uint32_t odd = w[1];
    lows[0] = even & 0x00FF00FFu;
    lows[1] = odd & 0x00FF00FFu;
  }
}

/* Takes the inputs' sum off `factor` times; returns it. */
static NANOC_NOINLINE uint32_t correct(const block *b, uint32_t factor) {
  for (int32_t i = 0; i < b->count; i++) {
    b->pixels[i].correction = factor * b->totals[i];
  }
  return factor;
}

/* All channels of the pixels of a block. */
static NANOC_NOINLINE void multiply(const nanoc_lx_conv_params *p, const block *b, uint32_t *lows, int8_t *y) {
  const int32_t channels = b->channels;
  const uint32_t *w = p->weights;
  const int32_t *start = p->start;
  const float *scale = p->output.scale;
  const int32_t step = p->output.scale_step;
  uint32_t factor = 128u;
  for (int32_t channel = 0; channel < channels; channel += 2, w += 2 * b->quads, start += 2) {
    if (p->factor != NULL && factor != (uint32_t)p->factor[channel]) {
      factor = correct(b, (uint32_t)p->factor[channel]);
    }
    if (p->block == 1) {
      b->pixels->sum = first_sum(b->windows, w, b->quads, (uint32_t)start[0] - b->pixels->correction);
      y[channel] = nanoc_lx_requantize(b->pixels->sum, scale[channel * step], b->zero);
    } else {
      part(w, b->quads, lows);
      first_channel(b, lows, (uint32_t)start[0], scale[channel * step], y + channel);
    }
    if (p->factor != NULL && factor != (uint32_t)p->factor[channel + 1]) {
      factor = correct(b, (uint32_t)p->factor[channel + 1]);
    }
    if (channel + 1 < channels) {
      second_channel(b, w, (uint32_t)start[1], scale[(channel + 1) * step], y + channel + 1);
    }
  }
  if (p->output.low > -128 || p->output.high < 127) {
    nanoc_lx_clamp(y, b->count * channels, 1, p->output.low, p->output.high);
  }
}

void nanoc_conv_lx_s8(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_lx_conv_params *params) {
  const nanoc_lx_conv_params *p = params;
  const int32_t words = 2 * p->quads;
  uint32_t *windows = scratch + (p->block == 1 ? 0 : words);
  pixel *pixels = (pixel *)(windows + words * p->block);
  uint32_t *totals = (uint32_t *)(pixels + p->block);
  int8_t *copy = (int8_t *)(totals + (p->factor == NULL ? 0 : p->block));
  block b = {windows, pixels, totals, 0, p->quads, p->out_c, p->output.y_zero};
  for (int32_t batch = 0; batch < p->batches; batch++) {
    int32_t iy = -p->pad_top;
    int32_t ix = -p->pad_left;
    for (int32_t left = p->out_h * p->out_w; left > 0; left--) {
      uint32_t *to = windows + words * b.count;
      if (p->in_c % 4 == 0) {
        gather_words(p, x, iy, ix, to);
      } else {
        gather_bytes(p, x, iy, ix, copy, to);
      }
      pixels[b.count].correction = correction_of(to, p->quads);
      if (p->factor != NULL) {
        totals[b.count] = pixels[b.count].correction / 128u;
      }
      b.count++;
      if (b.count == p->block || left == 1) {
        multiply(p, &b, scratch, y);
        y += b.count * p->out_c;
        b.count = 0;
      }
      ix += p->stride_w;
      if (ix == p->out_w * p->stride_w - p->pad_left) {
        ix = -p->pad_left;
        iy += p->stride_h;
      }
    }
    x += p->in_h * p->in_w * p->in_c;
  }
}
