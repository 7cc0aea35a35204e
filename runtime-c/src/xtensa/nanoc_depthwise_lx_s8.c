#include "nanoc/xtensa.h"

/* What the outputs of a channel need. */
typedef struct {
  const uint32_t *w;
  uint32_t start;
  float scale;
  int32_t zero;
  int32_t rows;     /* of the window */
  int32_t row_step; /* bytes from a row of the plane under the window to the next */
  int32_t quads;
  int32_t is_odd;
  int32_t x_step; /* bytes from an output's window to the next, and from an output to the next */
  int32_t y_step;
} channel;

#if NANOC_MAC16_ASSEMBLY

/* Outputs of windows of one row; x and w as in `window_at`. */
static NANOC_NOINLINE void outputs_of_row(const channel *c, const uint32_t *x, int32_t count, int8_t *y) {
  uint32_t row = NANOC_LX_BEFORE(x);
  uint32_t px;
  uint32_t pw;
  uint32_t t;
  float f;
  float start;
  __asm__ volatile("wfr %0, %1" : "=f"(start) : "a"(c->start));
  __asm__ volatile(
      "2:\n"
      "\trfr %[t], %[start]\n"
      "\twsr.acclo %[t]\n"
      "\tmov %[px], %[row]\n"
      "\tldinc m0, %[px]\n"
      "\tmov %[pw], %[w]\n"
      "\tldinc m2, %[pw]\n"
      "\tadd %[row], %[row], %[x_step]\n"
      "\tloopgtz %[quads], 1f\n"
      "\tmula.dd.ll.ldinc m1, %[px], m0, m2\n"
      "\tmula.dd.hh.ldinc m3, %[pw], m0, m2\n"
      "\tmula.dd.ll.ldinc m0, %[px], m1, m3\n"
      "\tmula.dd.hh.ldinc m2, %[pw], m1, m3\n"
      "1:\n"
      "\tbeqz %[odd], 3f\n"
      "\tmula.dd.ll m0, m2\n"
      "\tmula.dd.hh m0, m2\n"
      "3:\n"
      "\trsr.acclo %[t]\n"
      "\tfloat.s %[f], %[t], 0\n"
      "\taddi %[count], %[count], -1\n"
      "\tmul.s %[f], %[f], %[scale]\n"
      "\tround.s %[t], %[f], 0\n"
      "\tadd %[t], %[t], %[zero]\n"
      "\tclamps %[t], %[t], 7\n"
      "\ts8i %[t], %[y], 0\n"
      "\tadd %[y], %[y], %[y_step]\n"
      "\tbnez %[count], 2b"
      : [row] "+a"(row), [y] "+a"(y), [count] "+a"(count), [t] "=&a"(t), [px] "=&a"(px), [pw] "=&a"(pw), [f] "=&f"(f)
      : [w] "a"(NANOC_LX_BEFORE(c->w)), [quads] "a"(c->quads), [odd] "a"(c->is_odd), [zero] "a"(c->zero), [x_step] "a"(c->x_step),
        [y_step] "a"(c->y_step), [scale] "f"(c->scale), [start] "f"(start)
      : "acc", "memory");
}

/*
 * start + sum(x * w) over the window's rows. A row is 4 * quads halfwords, and two more where `is_odd`; w has the room of those two in any
 * case. The word behind a row is loaded too.
 */
static inline uint32_t window_at(const channel *l, const uint32_t *x) {
  uint32_t sum = l->start;
  uint32_t row = NANOC_LX_BEFORE(x);
  uint32_t pw = NANOC_LX_BEFORE(l->w);
  int32_t rows = l->rows;
  uint32_t px;
  __asm__ volatile(
      "wsr.acclo %[sum]\n"
      "2:\n"
      "\tmov %[px], %[row]\n"
      "\tldinc m0, %[px]\n"
      "\tldinc m2, %[w]\n"
      "\tadd %[row], %[row], %[step]\n"
      "\tloopgtz %[quads], 1f\n"
      "\tmula.dd.ll.ldinc m1, %[px], m0, m2\n"
      "\tmula.dd.hh.ldinc m3, %[w], m0, m2\n"
      "\tmula.dd.ll.ldinc m0, %[px], m1, m3\n"
      "\tmula.dd.hh.ldinc m2, %[w], m1, m3\n"
      "1:\n"
      "\tbeqz %[odd], 3f\n"
      "\tmula.dd.ll m0, m2\n"
      "\tmula.dd.hh m0, m2\n"
      "3:\n"
      "\taddi %[rows], %[rows], -1\n"
      "\tbnez %[rows], 2b\n"
      "\trsr.acclo %[sum]"
      : [sum] "+a"(sum), [row] "+a"(row), [w] "+a"(pw), [rows] "+a"(rows), [px] "=&a"(px)
      : [quads] "a"(l->quads), [odd] "a"(l->is_odd), [step] "a"(l->row_step)
      : "acc", "memory");
  return sum;
}

#else

static inline uint32_t window_at(const channel *l, const uint32_t *x) {
  const uint32_t *w = l->w;
  uint32_t sum = l->start;
  for (int32_t row = 0; row < l->rows; row++, x += l->row_step / 4, w += 2 * l->quads + 1) {
    for (int32_t i = 0; i < 2 * l->quads + l->is_odd; i++) {
      sum += nanoc_lx_product(x[i], w[i]);
    }
  }
  return sum;
}

#endif

/* Elements of a row of the plane that windows reach. */
static inline int32_t reach(const nanoc_lx_depthwise_params *p) {
  return (p->along.out - 1) * p->along.stride + p->along.kernel;
}

/* A row of the plane, 128 higher, in halfwords; then its words from the second halfword on to `odd`, unless that is NULL. */
static NANOC_NOINLINE void gather_row(const nanoc_lx_depthwise_params *p, const int8_t *row, int32_t words, uint16_t *to, uint16_t *odd) {
  const int32_t size = 2 * words;
  const int32_t left = p->along.pad < size ? p->along.pad : size;
  const int32_t inside = p->along.in < size - left ? p->along.in : size - left;
  const int32_t step = p->along.in_step;
  const uint16_t outside = (uint16_t)(p->x_zero + 128);
  uint16_t *at = to;
  for (int32_t i = 0; i < left; i++) {
    *at++ = outside;
  }
  for (int32_t i = 0; i < inside; i++, row += step) {
    *at++ = (uint16_t)(*row + 128);
  }
  for (int32_t i = left + inside; i < size; i++) {
    *at++ = outside;
  }
  if (odd != NULL) {
    for (int32_t i = 1; i < size; i++) {
      *odd++ = to[i];
    }
    *odd = outside;
  }
}

/* The plane of one channel, and where `odd` is not NULL once more from the second halfword of each row on. */
static void gather(const nanoc_lx_depthwise_params *p, const int8_t *x, int32_t rows, int32_t words, uint16_t *even, uint16_t *odd) {
  for (int32_t row = -p->across.pad; row < rows - p->across.pad; row++, even += 2 * words) {
    if (row >= 0 && row < p->across.in) {
      gather_row(p, x + row * p->across.in_step, words, even, odd);
    } else {
      for (int32_t i = 0; i < 2 * words; i++) {
        even[i] = (uint16_t)(p->x_zero + 128);
        if (odd != NULL) {
          odd[i] = even[i];
        }
      }
    }
    odd = odd == NULL ? odd : odd + 2 * words;
  }
}

/* `count` outputs, from windows that start at x. */
static void outputs(const channel *c, const uint32_t *x, int32_t count, int8_t *y) {
#if NANOC_MAC16_ASSEMBLY
  if (c->rows == 1 && count > 0) {
    outputs_of_row(c, x, count, y);
    return;
  }
#endif
  for (int32_t i = 0; i < count; i++, x += c->x_step / 4, y += c->y_step) {
    *y = nanoc_lx_requantize(window_at(c, x), c->scale, c->zero);
  }
}

void nanoc_depthwise_lx_s8(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_lx_depthwise_params *params) {
  const nanoc_lx_depthwise_params *p = params;
  const int32_t words = (reach(p) + 1) / 2 + 1;
  const int32_t rows = (p->across.out - 1) * p->across.stride + (p->across.kernel - 1) * p->dilation + 1;
  const int32_t step = p->along.out_step;
  const int32_t stride = p->along.stride;
  /* With an odd stride every other window starts with an odd element. */
  uint32_t *odd = stride % 2 != 0 ? scratch + rows * words : NULL;
  const int32_t taps = (p->along.kernel + 1) / 2;
  channel c = {p->weights, 0u, 0.0f, p->output.y_zero, p->across.kernel, 4 * words * p->dilation, taps / 2, taps % 2, 0, 0};
  c.x_step = odd == NULL ? 2 * stride : 4 * stride;
  c.y_step = odd == NULL ? step : 2 * step;
  for (int32_t i = 0; i < p->channels; i++, x++, y++, c.w += p->across.kernel * (2 * c.quads + 1)) {
    c.start = (uint32_t)p->start[i];
    c.scale = p->output.scale[i * p->output.scale_step];
    gather(p, x, rows, words, (uint16_t *)scratch, (uint16_t *)odd);
    for (int32_t row = 0; row < p->across.out; row++) {
      const int32_t first = row * p->across.stride * words;
      int8_t *to = y + row * p->across.out_step;
      if (odd == NULL) {
        outputs(&c, scratch + first, p->along.out, to);
      } else {
        outputs(&c, scratch + first, (p->along.out + 1) / 2, to);
        outputs(&c, odd + first + stride / 2, p->along.out / 2, to + step);
      }
      if (p->output.low > -128 || p->output.high < 127) {
        nanoc_lx_clamp(to, p->along.out, step, p->output.low, p->output.high);
      }
    }
  }
}
