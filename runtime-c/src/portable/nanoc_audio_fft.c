/* The fixed-point transform of KISS FFT for powers of two: its roundings, in place, without its products with one. */
#include "nanoc/audio.h"

/* 32767 / 2 and 32767 / 4: KISS FFT divides by these products */
#define HALF 16383
#define QUARTER 8191

typedef struct {
  int32_t re;
  int32_t im;
} point;

static inline int32_t round15(int32_t x) { return (x + 16384) >> 15; }

static inline point scaled(nanoc_bin bin, int32_t by) {
  const point result = {round15(bin.re * by), round15(bin.im * by)};
  return result;
}

static inline point turned(point a, nanoc_bin by) {
  const point result = {round15(a.re * by.re - a.im * by.im), round15(a.re * by.im + a.im * by.re)};
  return result;
}

static inline void store(nanoc_bin *bin, int32_t re, int32_t im) {
  bin->re = (int16_t)re;
  bin->im = (int16_t)im;
}

/** Sums and differences of four points that lie `size` apart. */
static inline void put_four(nanoc_bin *bins, uint32_t size, point a, point b, point c, point d) {
  const point even = {a.re + c.re, a.im + c.im};
  const point even_less = {a.re - c.re, a.im - c.im};
  const point odd = {b.re + d.re, b.im + d.im};
  const point odd_less = {b.re - d.re, b.im - d.im};
  store(&bins[0], even.re + odd.re, even.im + odd.im);
  store(&bins[size], even_less.re + odd_less.im, even_less.im - odd_less.re);
  store(&bins[2u * size], even.re - odd.re, even.im - odd.im);
  store(&bins[3u * size], even_less.re - odd_less.im, even_less.im + odd_less.re);
}

static void pairs(nanoc_bin *bins, uint32_t count) {
  for (uint32_t i = 0u; i < count; i += 2u) {
    const point a = scaled(bins[i], HALF);
    const point b = scaled(bins[i + 1u], HALF);
    store(&bins[i], a.re + b.re, a.im + b.im);
    store(&bins[i + 1u], a.re - b.re, a.im - b.im);
  }
}

/** One stage: transforms of `size` points become transforms of four times as many.   step: count / (4 * size). */
static void fours(nanoc_bin *bins, uint32_t count, uint32_t size, uint32_t step, const nanoc_bin *twiddles) {
  for (uint32_t i = 0u; i < count; i += 4u * size) {
    nanoc_bin *bin = &bins[i];
    put_four(bin, size, scaled(bin[0], QUARTER), scaled(bin[size], QUARTER), scaled(bin[2u * size], QUARTER),
             scaled(bin[3u * size], QUARTER));
  }
  for (uint32_t k = 1u; k < size; k++) {
    const nanoc_bin b = twiddles[k * step];
    const nanoc_bin c = twiddles[2u * k * step];
    const nanoc_bin d = twiddles[3u * k * step];
    for (uint32_t i = k; i < count; i += 4u * size) {
      nanoc_bin *bin = &bins[i];
      put_four(bin, size, scaled(bin[0], QUARTER), turned(scaled(bin[size], QUARTER), b),
               turned(scaled(bin[2u * size], QUARTER), c), turned(scaled(bin[3u * size], QUARTER), d));
    }
  }
}

/** The transform of real samples, of that in which they are real and imaginary parts by turns. */
static void separate(nanoc_bin *bins, uint32_t count, const nanoc_bin *twiddles) {
  const point constant = scaled(bins[0], HALF);
  store(&bins[0], constant.re + constant.im, 0);
  store(&bins[count], constant.re - constant.im, 0);
  for (uint32_t k = 1u; k <= count / 2u; k++) {
    const nanoc_bin mirrored = {bins[count - k].re, (int16_t)-bins[count - k].im};
    const point a = scaled(bins[k], HALF);
    const point b = scaled(mirrored, HALF);
    const point difference = {a.re - b.re, a.im - b.im};
    const point odd = turned(difference, twiddles[k - 1u]);
    const point even = {a.re + b.re, a.im + b.im};
    store(&bins[k], (even.re + odd.re) >> 1, (even.im + odd.im) >> 1);
    store(&bins[count - k], (even.re - odd.re) >> 1, (odd.im - even.im) >> 1);
  }
}

void nanoc_audio_fft(const nanoc_audio *audio, nanoc_bin *work) {
  const uint32_t count = audio->bins;
  uint32_t size = 1u;
  if ((audio->bits & 1u) != 0u) {
    pairs(work, count);
    size = 2u;
  }
  for (uint32_t step = count >> (size + 1u); size < count; step >>= 2) {
    fours(work, count, size, step, audio->twiddles);
    size *= 4u;
  }
  separate(work, count, audio->real_twiddles);
}
