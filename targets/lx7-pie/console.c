/* ESP-NN's convolutions print where no scratch was set, which nanoc's adapters do. Newlib's own functions would ask for an operating system. */
int puts(const char *text);
int printf(const char *format, ...);

int puts(const char *text) {
  (void)text;
  return 0;
}

int printf(const char *format, ...) {
  (void)format;
  return 0;
}
