#include "nanoc/xtensa.h"

/* What the outputs of a channel need. w: the window's columns' rows 0 and 1, then row 2 of columns 0 and 1, and of column 2. */
typedef struct {
  const uint32_t *w;
  uint32_t start;
  int32_t rows;
  int32_t columns;
  int32_t row_step; /* bytes from a row of outputs to the next, and from a pixel to the next */
  int32_t step;
  int32_t zero;
  float scale;
} channel;

#if NANOC_MAC16_ASSEMBLY

#define REQUANTIZE(f, y)                      \
  "\tround.s %[n], %[" f "], 0\n"             \
  "\tadd %[n], %[n], %[zero]\n"               \
  "\tclamps %[n], %[n], 7\n"                  \
  "\ts8i %[n], %[" y "], 0\n"                 \
  "\tadd %[" y "], %[" y "], %[step]\n"

/*
 * Two rows of outputs at a time, column by column; x holds words of the upper and the lower two rows of inputs (t and b) for each column.
 * Eight of the nine weights are in m0 to m3. Of an odd number of rows the last one is computed with one that does not count: written first.
 */
static NANOC_NOINLINE void outputs(const channel *c, const uint32_t *x, int8_t *y) {
  const float scale = c->scale;
  float start;
  float first;
  float second;
  __asm__ volatile("wsr.m0 %0\n\twsr.m1 %1\n\twsr.m2 %2\n\twsr.m3 %3" : : "a"(c->w[0]), "a"(c->w[1]), "a"(c->w[2]), "a"(c->w[3]));
  __asm__ volatile("wfr %0, %1" : "=f"(start) : "a"(c->start));
  for (int32_t row = c->rows; row > 0; row -= 2, y += 2 * c->row_step) {
    uint32_t t0 = 0u;
    uint32_t b0 = 0u;
    uint32_t t1 = x[0];
    uint32_t b1 = x[1];
    uint32_t t2 = x[2];
    uint32_t b2 = x[3];
    const uint32_t *at = x + 4;
    int8_t *upper = y;
    int8_t *lower = row > 1 ? y + c->row_step : y;
    int32_t n = c->columns;
    __asm__ volatile(
        "loop %[n], 1f\n"
        "\tmov %[t0], %[t1]\n\tmov %[t1], %[t2]\n\tl32i %[t2], %[at], 0\n"
        "\tmov %[b0], %[b1]\n\tmov %[b1], %[b2]\n\tl32i %[b2], %[at], 4\n"
        "\trfr %[n], %[start]\n\twsr.acclo %[n]\n"
        "\tmula.da.ll m0, %[t0]\n\tmula.da.hh m0, %[t0]\n"
        "\tmula.da.ll m1, %[t1]\n\tmula.da.hh m1, %[t1]\n"
        "\tmula.ad.ll %[t2], m2\n\tmula.ad.hh %[t2], m2\n"
        "\tmula.ad.ll %[b0], m3\n\tmula.ad.lh %[b1], m3\n"
        "\tmula.aa.ll %[b2], %[w22]\n"
        "\taddi %[at], %[at], 8\n"
        "\trsr.acclo %[n]\n\tfloat.s %[first], %[n], 0\n"
        "\trfr %[n], %[start]\n\twsr.acclo %[n]\n"
        "\tmul.s %[first], %[first], %[scale]\n"
        "\tmula.da.lh m0, %[t0]\n\tmula.da.hl m0, %[b0]\n"
        "\tmula.da.lh m1, %[t1]\n\tmula.da.hl m1, %[b1]\n"
        "\tmula.ad.hl %[t2], m2\n\tmula.ad.lh %[b2], m2\n"
        "\tmula.ad.hl %[b0], m3\n\tmula.ad.hh %[b1], m3\n"
        "\tmula.aa.hl %[b2], %[w22]\n"
        "\trsr.acclo %[n]\n\tfloat.s %[second], %[n], 0\n"
        "\tmul.s %[second], %[second], %[scale]\n"
        REQUANTIZE("second", "lower") REQUANTIZE("first", "upper")
        "1:"
        : [t0] "+a"(t0), [t1] "+a"(t1), [t2] "+a"(t2), [b0] "+a"(b0), [b1] "+a"(b1), [b2] "+a"(b2), [at] "+a"(at), [n] "+a"(n),
          [upper] "+a"(upper), [lower] "+a"(lower), [first] "=&f"(first), [second] "=&f"(second)
        : [w22] "a"(c->w[4]), [zero] "a"(c->zero), [step] "a"(c->step), [start] "f"(start), [scale] "f"(scale)
        : "acc", "memory");
    x = at;
  }
}

#else

/* The C twin. */
static void outputs(const channel *c, const uint32_t *x, int8_t *y) {
  const uint32_t last[3] = {c->w[3] & 0xFFFFu, c->w[3] >> 16, c->w[4]};
  for (int32_t row = 0; row < c->rows; row++) {
    int8_t *to = y + row * c->row_step;
    const uint32_t *at = x + (row / 2) * 2 * (c->columns + 2);
    for (int32_t column = 0; column < c->columns; column++, at += 2, to += c->step) {
      uint32_t sum = c->start;
      for (int32_t i = 0; i < 3; i++) {
        const uint32_t t = at[2 * i];
        const uint32_t b = at[2 * i + 1];
        sum += row % 2 == 0 ? nanoc_lx_product(t, c->w[i]) + nanoc_lx_product(b & 0xFFFFu, last[i])
                            : nanoc_lx_product((t >> 16) | (b << 16), c->w[i]) + nanoc_lx_product(b >> 16, last[i]);
      }
      *to = nanoc_lx_requantize(sum, c->scale, c->zero);
    }
  }
}

#endif

/*
 * The plane of a channel, 128 higher, with its padding: pairs of rows. Each pair but the first and the last stands twice: as the upper one (every
 * other word of a row of words), and as the lower one of the row of words before.
 */
static NANOC_NOINLINE void gather(const nanoc_lx_depthwise_params *p, const int8_t *x, uint32_t *to) {
  const int32_t width = p->along.out + 2;
  const int32_t left = p->along.pad;
  const int32_t inside = p->along.in < width - left ? p->along.in : width - left;
  const int32_t step = p->along.in_step;
  const int32_t pairs = (p->across.out + 1) / 2;
  const uint32_t sign = 0x00800080u;
  const uint32_t outside = (uint32_t)(p->x_zero + 128) * 0x00010001u;
  const int8_t padding = (int8_t)p->x_zero;
  uint32_t *below = to;
  int32_t row = -p->across.pad;
  for (int32_t pair = 0; pair <= pairs; pair++, row += 2) {
    const int upper_in = row >= 0 && row < p->across.in;
    const int lower_in = row >= -1 && row + 1 < p->across.in;
    const int8_t *upper = upper_in ? x + row * p->across.in_step : &padding;
    const int8_t *lower = lower_in ? x + (row + 1) * p->across.in_step : &padding;
    const int32_t upper_step = upper_in ? step : 0;
    const int32_t lower_step = lower_in ? step : 0;
    uint32_t *above = pair == 0 ? to : below - 2 * width + 1;
    uint32_t *at = pair == pairs ? above : below;
    for (int32_t i = left; i > 0; i--, at += 2, above += 2) {
      *at = outside;
      *above = outside;
    }
    for (int32_t i = inside; i > 0; i--, upper += upper_step, lower += lower_step, at += 2, above += 2) {
      const uint32_t word = ((uint32_t)(uint8_t)*upper | ((uint32_t)(uint8_t)*lower << 16)) ^ sign;
      *at = word;
      *above = word;
    }
    for (int32_t i = width - left - inside; i > 0; i--, at += 2, above += 2) {
      *at = outside;
      *above = outside;
    }
    below += 2 * width;
  }
}

void nanoc_depthwise_3x3_lx_s8(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_lx_depthwise_params *params) {
  const nanoc_lx_depthwise_params *p = params;
  channel c = {p->weights, 0u, p->across.out, p->along.out, p->across.out_step, p->along.out_step, p->output.y_zero, 0.0f};
  for (int32_t i = 0; i < p->channels; i++, x++, y++, c.w += 5) {
    c.start = (uint32_t)p->start[i];
    c.scale = p->output.scale[i * p->output.scale_step];
    gather(p, x, scratch);
    outputs(&c, scratch, y);
    if (p->output.low > -128 || p->output.high < 127) {
      for (int32_t row = 0; row < p->across.out; row++) {
        nanoc_lx_clamp(y + row * p->across.out_step, p->along.out, p->along.out_step, p->output.low, p->output.high);
      }
    }
  }
}
