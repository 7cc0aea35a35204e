#include "nanoc/copy.h"

#include <string.h>

void nanoc_copy(const void *x, void *y, int32_t bytes) { memmove(y, x, (size_t)bytes); }
