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

/* Of int16 activations: no zero points. */
typedef nanoc_cmsis_convolve_s8_params nanoc_cmsis_convolve_s16_params;

void nanoc_cmsis_convolve_s16(const int16_t *x, int16_t *y, void *scratch, const nanoc_cmsis_convolve_s16_params *params);

typedef struct {
  const int8_t *weights; /* and up to three bytes behind them, which are read */
  const int64_t *bias;   /* this and what follows filled up to a multiple of four channels */
  const int32_t *multiplier;
  const int32_t *shift;
  cmsis_nn_dw_conv_params layer;
  cmsis_nn_dims input;
  cmsis_nn_dims filter;
  cmsis_nn_dims output;
  int32_t scratch_bytes;
} nanoc_cmsis_depthwise_s16_params;

void nanoc_cmsis_depthwise_s16(const int16_t *x, int16_t *y, void *scratch,
                               const nanoc_cmsis_depthwise_s16_params *params);

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

typedef struct {
  const int8_t *weights; /* [out_c][in_c] */
  const int64_t *bias;   /* with the input's zero point */
  cmsis_nn_per_tensor_quant_params quantization;
  cmsis_nn_fc_params layer;
  cmsis_nn_dims input; /* n rows */
  cmsis_nn_dims filter;
  cmsis_nn_dims output;
} nanoc_cmsis_fully_connected_s16_params;

void nanoc_cmsis_fully_connected_s16(const int16_t *x, int16_t *y, void *scratch,
                                     const nanoc_cmsis_fully_connected_s16_params *params);

typedef struct {
  cmsis_nn_per_tensor_quant_params quantization;
  int32_t a_offset;
  int32_t b_offset;
  int32_t y_offset;
  cmsis_nn_activation activation;
  cmsis_nn_dims a; /* h batches, w rows, c inner */
  cmsis_nn_dims b; /* h batches, w columns, c inner: as the library wants it, what comes has [inner][columns] */
  cmsis_nn_dims y;
  int32_t sums_at; /* bytes of scratch that the turned right side takes */
} nanoc_cmsis_batch_matmul_s8_params;

void nanoc_cmsis_batch_matmul_s8(const int8_t *a, const int8_t *b, int8_t *y, void *scratch,
                                 const nanoc_cmsis_batch_matmul_s8_params *params);

/* Sums: (a + a_offset) << left_shift by a_factor, the same of b, their sum by y_factor. */
typedef struct {
  int32_t count;
  int32_t a_offset;
  int32_t b_offset;
  int32_t y_offset;
  int32_t left_shift;
  cmsis_nn_per_tensor_quant_params a_factor;
  cmsis_nn_per_tensor_quant_params b_factor;
  cmsis_nn_per_tensor_quant_params y_factor;
  cmsis_nn_activation activation;
} nanoc_cmsis_add_s8_params;

void nanoc_cmsis_add_s8(const int8_t *a, const int8_t *b, int8_t *y, void *scratch,
                        const nanoc_cmsis_add_s8_params *params);

typedef nanoc_cmsis_add_s8_params nanoc_cmsis_add_s16_params;

void nanoc_cmsis_add_s16(const int16_t *a, const int16_t *b, int16_t *y, void *scratch,
                         const nanoc_cmsis_add_s16_params *params);

typedef struct {
  int32_t count;
  int32_t a_offset;
  int32_t b_offset;
  int32_t y_offset;
  cmsis_nn_per_tensor_quant_params y_factor;
  cmsis_nn_activation activation;
} nanoc_cmsis_mul_s8_params;

void nanoc_cmsis_mul_s8(const int8_t *a, const int8_t *b, int8_t *y, void *scratch,
                        const nanoc_cmsis_mul_s8_params *params);

typedef nanoc_cmsis_mul_s8_params nanoc_cmsis_mul_s16_params;

void nanoc_cmsis_mul_s16(const int16_t *a, const int16_t *b, int16_t *y, void *scratch,
                         const nanoc_cmsis_mul_s16_params *params);

typedef struct {
  cmsis_nn_pool_params layer;
  cmsis_nn_dims input;
  cmsis_nn_dims filter;
  cmsis_nn_dims output;
  int32_t scratch_bytes;
} nanoc_cmsis_pool_params;

typedef nanoc_cmsis_pool_params nanoc_cmsis_average_pool_s8_params;
typedef nanoc_cmsis_pool_params nanoc_cmsis_max_pool_s8_params;

void nanoc_cmsis_average_pool_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_cmsis_pool_params *params);
void nanoc_cmsis_max_pool_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_cmsis_pool_params *params);

typedef nanoc_cmsis_pool_params nanoc_cmsis_average_pool_s16_params;
typedef nanoc_cmsis_pool_params nanoc_cmsis_max_pool_s16_params;

void nanoc_cmsis_average_pool_s16(const int16_t *x, int16_t *y, void *scratch, const nanoc_cmsis_pool_params *params);
void nanoc_cmsis_max_pool_s16(const int16_t *x, int16_t *y, void *scratch, const nanoc_cmsis_pool_params *params);

typedef struct {
  int32_t rows;
  int32_t row_size;
  int32_t multiplier;
  int32_t shift;
  int32_t least; /* distances from the largest element that count */
} nanoc_cmsis_softmax_s8_params;

void nanoc_cmsis_softmax_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_cmsis_softmax_s8_params *params);

typedef struct {
  int8_t value;
  cmsis_nn_dims input;
  cmsis_nn_dims before;
  cmsis_nn_dims after;
} nanoc_cmsis_pad_s8_params;

void nanoc_cmsis_pad_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_cmsis_pad_s8_params *params);

/* As cmsis_nn_transpose_params, which versions before 6.0 do not have. */
typedef struct {
  int32_t num_dims;
  const uint32_t *permutations;
} nanoc_cmsis_permutation;

typedef struct {
  cmsis_nn_dims input;
  cmsis_nn_dims output;
  nanoc_cmsis_permutation layer;
} nanoc_cmsis_transpose_s8_params;

void nanoc_cmsis_transpose_s8(const int8_t *x, int8_t *y, void *scratch,
                              const nanoc_cmsis_transpose_s8_params *params);

#endif
