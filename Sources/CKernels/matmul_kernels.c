#include "matmul_layout.h"

#define FLOATS(X, name) X(float_##name, 3)
#define BYTES(X, name) X(quantised_##name, quantised_format_count)

// Better ones later.
#if defined(__x86_64__)
#define LISTS(X)                                                                                              \
  FLOATS(X, portable) BYTES(X, portable) FLOATS(X, avx2) FLOATS(X, avx512) X(float_avx512bf16, 1) BYTES(X, avx2) \
  BYTES(X, avxvnni) BYTES(X, avx512vnni)
#elif defined(__aarch64__)
#define LISTS(X) FLOATS(X, portable) BYTES(X, portable) BYTES(X, dotprod) BYTES(X, i8mm)
#else
#define LISTS(X) FLOATS(X, portable) BYTES(X, portable)
#endif

#define DECLARE(name, count) extern const matmul_kernel matmul_kernels__##name[count];
LISTS(DECLARE)

const matmul_kernel *matmul_kernel_at(size_t index) {
#define FROM(name, count)                                    \
  if (index < count) return &matmul_kernels__##name[index]; \
  index -= count;
  LISTS(FROM)
  return 0;
}

matmul_activation matmul_activation_of(uint32_t format) {
#define ACTIVATION(name, id, codes, scales) \
  case id: return is_super(scales) ? MATMUL_Q8_WIDE : MATMUL_Q8;
  switch (format) {
  QUANTISED_FORMATS(ACTIVATION)
  default: return MATMUL_F32;
  }
}
