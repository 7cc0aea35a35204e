/* Bytes looked up or changed one by one. */
#ifndef NANOC_TABLE_H
#define NANOC_TABLE_H

#include "nanoc/types.h"

/** y[i] = table[(uint8_t)x[i]], ascending: y may be x, or start before it. table: 256 bytes, in flash. */
void nanoc_table_s8(const int8_t *x, int8_t *y, const int8_t *table, int32_t count);

/** y[i] = x[i] XOR 0x80: uint8 to int8 of 128 less and back. Ascending, as nanoc_table_s8. */
void nanoc_sign_shift(const void *x, void *y, int32_t count);

/** y[i] = x[i] XOR 0x8000: uint16 to int16 of 32768 less and back. `count` halfwords, ascending: y may be x. */
void nanoc_sign_shift_16(const void *x, void *y, int32_t count);

/** y[i] = x[i] within [low, high]. Ascending: y may be x. */
void nanoc_clamp_s16(const int16_t *x, int16_t *y, int32_t count, int32_t low, int32_t high);

#endif
