/*
 * The plugin through which gcc (13 and later) and binutils (2.40 and later) learn about QEMU's core de233_fpu: what XTENSA_GNU_CONFIG names.
 * Built by install.sh with QEMU's core-isa.h and xtensa-modules.c.inc (MIT) and with xtensa-dynconfig.h of Debian's gcc-xtensa-lx106.
 */
#include <stdlib.h>

#include "core-isa.h"

/* As on the ESP32-S3: no unit for double precision. */
#undef XCHAL_HAVE_DFP
#define XCHAL_HAVE_DFP 0
#ifdef NANOC_BASE /* without what labwired's model of the ESP32-S3 does not execute: MAC16, the steps of a division in the FPU */
#undef XCHAL_HAVE_MAC16
#define XCHAL_HAVE_MAC16 0
#undef XCHAL_HAVE_FP_DIV
#define XCHAL_HAVE_FP_DIV 0
#undef XCHAL_HAVE_FP_RECIP
#define XCHAL_HAVE_FP_RECIP 0
#undef XCHAL_HAVE_FP_SQRT
#define XCHAL_HAVE_FP_SQRT 0
#undef XCHAL_HAVE_FP_RSQRT
#define XCHAL_HAVE_FP_RSQRT 0
#endif
#define XSHAL_USE_ABSOLUTE_LITERALS 0
#define XSHAL_HAVE_TEXT_SECTION_LITERALS 1
#define XCHAL_HAVE_MMU 1
#define XCHAL_MMU_MIN_PTE_PAGE_SIZE 12
#define XCHAL_M_STAGE 2
#define XTHAL_ABI_WINDOWED 0
#define XTHAL_ABI_CALL0 1
#define XSHAL_ABI XTHAL_ABI_WINDOWED
#define XTENSA_MARCH_LATEST 270003
#define XTENSA_MARCH_EARLIEST 270003

/* The tables that the compiler asks for by symbol. */
#define XTENSA_CONFIG_DEFINITION
#include "xtensa-dynconfig.h"
#undef XTENSA_CONFIG_ENTRY
#define XTENSA_CONFIG_ENTRY(name) name
XTENSA_CONFIG_INSTANCE_LIST;

/* The same as text, which become predefined macros. */
#define TEXT(name) #name
#define VALUE(name) TEXT(name)
#undef XTENSA_CONFIG_ENTRY
#define XTENSA_CONFIG_ENTRY(name) "__" #name "=" VALUE(name)
const char *const xtensa_config_strings[] = {XTENSA_CONFIG_ENTRY_LIST, NULL};

int plugin_is_GPL_compatible;
