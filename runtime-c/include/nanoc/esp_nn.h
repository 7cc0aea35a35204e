#ifndef NANOC_ESP_NN_H
#define NANOC_ESP_NN_H

/*
 * Adapters between the calls of a model and ESP-NN, the user's own copy of Espressif's library. Parameter structs hold the library's
 * structs as they are; constants are const here, where the library's own structs have plain pointers that it only reads.
 * Every adapter takes its inputs, the output, scratch (NULL where the call needs none) and its parameters. Values, weights and scratch are aligned
 * to 16 bytes. The library keeps the address of the scratch in a variable of its own: one inference at a time.
 */
#include <esp_nn_defs.h>
#include <esp_nn.h>

#include "nanoc/types.h"

typedef struct {
  const int8_t *weights; /* [out_c][kernel_h][kernel_w][in_c] */
  const int32_t *bias;   /* NULL where there is none */
  const int32_t *multiplier;
  const int32_t *shift;
  conv_params_t layer;
  data_dims_t input;
  data_dims_t filter;
  data_dims_t output;
} nanoc_esp_convolve_s8_params;

void nanoc_esp_convolve_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_esp_convolve_s8_params *params);

typedef struct {
  const int8_t *weights; /* [kernel_h][kernel_w][out_c] */
  const int32_t *bias;
  const int32_t *multiplier;
  const int32_t *shift;
  dw_conv_params_t layer;
  data_dims_t input;
  data_dims_t filter;
  data_dims_t output;
} nanoc_esp_depthwise_s8_params;

void nanoc_esp_depthwise_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_esp_depthwise_s8_params *params);

typedef struct {
  const int8_t *weights; /* [columns][inner] */
  const int32_t *bias;   /* with the input's zero point: the call's input offset is 0 */
  int32_t multiplier;
  int32_t shift;
  uint16_t inner;
  uint16_t columns;
  int32_t out_offset;
  act_params_t activation;
} nanoc_esp_fully_connected_s8_params;

void nanoc_esp_fully_connected_s8(const int8_t *x, int8_t *y, void *scratch,
                                  const nanoc_esp_fully_connected_s8_params *params);

typedef struct {
  const int8_t *weights;
  const int32_t *bias; /* as above */
  const int32_t *multiplier;
  const int32_t *shift;
  uint16_t inner;
  uint16_t columns;
  int32_t out_offset;
  act_params_t activation;
} nanoc_esp_fully_connected_per_channel_s8_params;

void nanoc_esp_fully_connected_per_channel_s8(const int8_t *x, int8_t *y, void *scratch,
                                              const nanoc_esp_fully_connected_per_channel_s8_params *params);

typedef struct {
  data_dims_t input;
  data_dims_t output;
  data_2d_t stride;
  data_2d_t window;
  data_2d_t padding;
  act_params_t activation;
} nanoc_esp_pool_s8_params;

typedef nanoc_esp_pool_s8_params nanoc_esp_max_pool_s8_params;
typedef nanoc_esp_pool_s8_params nanoc_esp_average_pool_s8_params;

void nanoc_esp_max_pool_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_esp_pool_s8_params *params);
void nanoc_esp_average_pool_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_esp_pool_s8_params *params);

typedef struct {
  int32_t multiplier;
  int32_t shift;
} nanoc_esp_factor;

typedef struct {
  int32_t count;
  int32_t a_offset;
  int32_t b_offset;
  int32_t y_offset;
  nanoc_esp_factor y_factor;
  act_params_t activation;
} nanoc_esp_mul_s8_params;

void nanoc_esp_mul_s8(const int8_t *a, const int8_t *b, int8_t *y, void *scratch,
                      const nanoc_esp_mul_s8_params *params);

/* b has one element for each channel. */
typedef struct {
  int32_t pixels;
  int32_t channels;
  int32_t a_offset;
  int32_t b_offset;
  int32_t y_offset;
  nanoc_esp_factor y_factor;
  act_params_t activation;
} nanoc_esp_mul_channel_s8_params;

void nanoc_esp_mul_channel_s8(const int8_t *a, const int8_t *b, int8_t *y, void *scratch,
                              const nanoc_esp_mul_channel_s8_params *params);

#endif
