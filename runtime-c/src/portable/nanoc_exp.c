#include "nanoc/exp.h"

float nanoc_exp(float x) { return nanoc_exp_inline(x); }
