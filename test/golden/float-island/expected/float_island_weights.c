/* Constants of float-island.onnx, in order of use: 8 bytes. For float_island.c only. Generated
 * by nanoc 0.1.0. */
#include "float_island_weights.h"

/* "dequantize", "quantize", 4 bytes */
const float float_island_dequantize_scale[1] = {
  0.5f,
};

/* "dequantize", "quantize", 4 bytes */
const int32_t float_island_dequantize_zero[1] = {
  -28,
};
