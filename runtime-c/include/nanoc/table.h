/* Bytes looked up or changed one by one. */
#ifndef NANOC_TABLE_H
#define NANOC_TABLE_H

#include "nanoc/types.h"

/** y[i] = table[(uint8_t)x[i]], ascending: y may be x, or start before it. table: 256 bytes, in flash. */
void nanoc_table_s8(const int8_t *x, int8_t *y, const int8_t *table, int32_t count);

/** y[i] = x[i] XOR 0x80: uint8 to int8 of 128 less and back. Ascending, as nanoc_table_s8. */
void nanoc_sign_shift(const void *x, void *y, int32_t count);

#endif
