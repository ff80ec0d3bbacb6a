#include "float_products.h"

extern const float_product_kernels float_product_kernels__portable;
#if defined(__x86_64__)
extern const float_product_kernels float_product_kernels__avx2, float_product_kernels__avx512,
    float_product_kernels__avx512bf16;
#endif

/// Better ones later.
static const float_product_kernels *const all[] = {
    &float_product_kernels__portable,
#if defined(__x86_64__)
    &float_product_kernels__avx2,
    &float_product_kernels__avx512,
    &float_product_kernels__avx512bf16,
#endif
};

const float_product_kernels *float_product_kernels_at(size_t index) {
  return index < sizeof all / sizeof all[0] ? all[index] : NULL;
}

size_t float_product_packed_floats(const float_product_kernels *kernels, size_t columns, size_t steps) {
  const size_t units = kernels->roundsToPairs ? (steps + 1) / 2 : steps;
  return (columns + 15) / 16 * 16 * units;
}

size_t float_product_scratch_floats(const float_product_kernels *kernels, size_t rowCount) {
  enum { chunk = 256, overhang = 16 };
  return (rowCount + kernels->tileRows) * chunk + overhang;
}
