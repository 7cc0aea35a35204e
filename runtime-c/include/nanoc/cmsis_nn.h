#ifndef NANOC_CMSIS_NN_H
#define NANOC_CMSIS_NN_H

/*
 * Adapters between the calls of a model and CMSIS-NN, the user's own copy of Arm's library. Parameter structs hold the library's
 * structs as they are; constants are const here, where the library's own structs have plain pointers that it only reads.
 * Every adapter takes its inputs, the output, scratch (NULL where the call needs none) and its parameters.
 */
#include <arm_nnfunctions.h>

#include "nanoc/types.h"

typedef struct {
  const int8_t *weights; /* [out_c][kernel_h][kernel_w][in_c] */
  const int32_t *bias;   /* NULL where there is none */
  const int32_t *multiplier;
  const int32_t *shift;
  cmsis_nn_conv_params layer;
  cmsis_nn_dims input;
  cmsis_nn_dims filter;
  cmsis_nn_dims output;
  int32_t scratch_bytes;
} nanoc_cmsis_convolve_s8_params;

void nanoc_cmsis_convolve_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_cmsis_convolve_s8_params *params);

typedef struct {
  const int8_t *weights; /* [kernel_h][kernel_w][out_c] */
  const int32_t *bias;
  const int32_t *multiplier;
  const int32_t *shift;
  cmsis_nn_dw_conv_params layer;
  cmsis_nn_dims input;
  cmsis_nn_dims filter;
  cmsis_nn_dims output;
  int32_t scratch_bytes;
} nanoc_cmsis_depthwise_s8_params;

void nanoc_cmsis_depthwise_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_cmsis_depthwise_s8_params *params);

typedef struct {
  const int8_t *weights; /* [out_c][in_c] */
  const int32_t *bias;   /* with the input's zero point: the layer's input_offset is 0 */
  cmsis_nn_per_tensor_quant_params quantization;
  cmsis_nn_fc_params layer;
  cmsis_nn_dims input;
  cmsis_nn_dims filter;
  cmsis_nn_dims output;
} nanoc_cmsis_fully_connected_s8_params;

void nanoc_cmsis_fully_connected_s8(const int8_t *x, int8_t *y, void *scratch,
                                    const nanoc_cmsis_fully_connected_s8_params *params);

typedef struct {
  const int8_t *weights;
  const int32_t *bias; /* as above */
  const int32_t *multiplier;
  const int32_t *shift;
  cmsis_nn_fc_params layer;
  cmsis_nn_dims input;
  cmsis_nn_dims filter;
  cmsis_nn_dims output;
} nanoc_cmsis_fully_connected_per_channel_s8_params;

void nanoc_cmsis_fully_connected_per_channel_s8(const int8_t *x, int8_t *y, void *scratch,
                                                const nanoc_cmsis_fully_connected_per_channel_s8_params *params);

#endif
