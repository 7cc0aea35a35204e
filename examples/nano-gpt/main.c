/*
 * Writes on: a prompt, and after it the token that the model likes best, again and again, until the model's context is full.
 * The cache of keys and values is in the model's context; each step updates one row of it.
 */
#include "board.h"
#include "nano_gpt.h"
#include "pieces.h"

#define CONTEXT 128u

/* All memory of the model but the stack. */
static nano_gpt_t model;

static uint32_t largest(const float *logits) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < NANO_GPT_OUTPUT_LOGITS_SIZE; i++) {
    best = logits[i] > logits[best] ? i : best;
  }
  return best;
}

/* The token that follows the one at `position`. */
static uint32_t next_token(uint32_t token, uint32_t position) {
  *nano_gpt_input_token(&model) = (int64_t)token;
  *nano_gpt_input_pos(&model) = (int64_t)position;
  if (nano_gpt_invoke(&model) != NANO_GPT_OK) {
    board_exit(1);
  }
  return largest(nano_gpt_output_logits(&model));
}

int main(void) {
  board_init();
  if (nano_gpt_init(&model) != NANO_GPT_OK || nano_gpt_selftest(&model) != NANO_GPT_OK) {
    board_print("self-test failed\n");
    board_exit(1);
  }
  uint32_t token = (uint32_t)prompt[0];
  for (uint32_t position = 0; position < CONTEXT; position++) {
    const uint32_t next = next_token(token, position);
    token = position + 1u < PROMPT_LENGTH ? (uint32_t)prompt[position + 1u] : next;
    board_print(pieces[token]);
  }
  board_print("\n");
  board_exit(0);
  return 0;
}
