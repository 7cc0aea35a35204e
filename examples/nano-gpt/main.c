/*
 * Goes on with what comes over the serial line: a line is a prompt, and the answer to it the text that the model likes best, until its
 * context is full. An empty line ends the program. Tokenizer, sampler and the loop from prompt to text are nano_gpt_text.h.
 */
#include "board.h"
#include "nano_gpt_text.h"

/* All memory but the stack. */
static nano_gpt_t model;
static nano_gpt_text_t text;

/* A line, shown as it is typed; what is too long is left out. Returns its length. */
static uint32_t read_line(uint8_t *line, uint32_t size) {
  uint32_t length = 0;
  for (;;) {
    const char character = board_get();
    if (character == '\r' || character == '\n') {
      board_print("\n");
      return length;
    }
    if (length < size) {
      board_put(character);
      line[length] = (uint8_t)character;
      length++;
    }
  }
}

/* Prints the text of the latest token. */
static void print_text(void) {
  for (uint32_t i = 0; i < text.bytes; i++) {
    board_put((char)text.text[i]);
  }
}

/* The prompt, and what the model makes of it. */
static nano_gpt_text_status go_on(const uint8_t *prompt, uint32_t length) {
  /* The best token each time; see nanoc/sampler.h for others. */
  static const nanoc_sampling sampling = {.temperature = 0.0f, .top_k = 0u, .top_p = 1.0f, .repetition_penalty = 1.0f};
  nano_gpt_text_status status = nano_gpt_text_begin(&text, &model, prompt, length, &sampling, 1u);
  while (status == NANO_GPT_TEXT_MORE) {
    print_text();
    status = nano_gpt_text_next(&text);
  }
  print_text();
  board_print("\n");
  return status;
}

int main(void) {
  static uint8_t line[64];
  board_init();
  if (nano_gpt_init(&model) != NANO_GPT_OK || nano_gpt_selftest(&model) != NANO_GPT_OK) {
    board_print("self-test failed\n");
    board_exit(1);
  }
  for (;;) {
    board_print("> ");
    const uint32_t length = read_line(line, sizeof line);
    if (length == 0u) {
      board_exit(0);
    }
    if (go_on(line, length) != NANO_GPT_TEXT_END) {
      board_print("that is no prompt\n");
    }
  }
}
