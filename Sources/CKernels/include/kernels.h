#pragma once

#include "attention.h"
#include "blocks.h"
#include "cpu.h"
#include "float_products.h"
#include "matmul.h"
#include "peak.h"
#include "recurrence.h"
#include "recurrence_gradient.h"
#include "rows.h"
#include "sequence_attention.h"
#include "training.h"
#include "vector_isa.h"

/// A pause inside a spin loop.
static inline void cpu_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
