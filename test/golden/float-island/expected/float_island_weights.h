/* Constants of float-island.onnx, in order of use: 8 bytes. For float_island.c only. Generated
 * by nanoc 0.1.0. */
#ifndef FLOAT_ISLAND_WEIGHTS_H
#define FLOAT_ISLAND_WEIGHTS_H

#include "nanoc/types.h"

extern const float float_island_dequantize_scale[1];
extern const int32_t float_island_dequantize_zero[1];

#endif
