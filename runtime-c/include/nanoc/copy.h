/* Moving bytes where no layer does it: into the window of a Concat, into the memory of a state. */
#ifndef NANOC_COPY_H
#define NANOC_COPY_H

#include "nanoc/types.h"

/** y[0..bytes) = x[0..bytes). Any alignment; x and y may overlap in any way. */
void nanoc_copy(const void *x, void *y, int32_t bytes);

#endif
