#include "recurrence_scratch.h"

extern const recurrence_gradient_kernels recurrence_gradient_kernels__portable;
#if defined(__x86_64__)
extern const recurrence_gradient_kernels recurrence_gradient_kernels__avx2, recurrence_gradient_kernels__avx512;
#endif

/// Better ones later.
static const recurrence_gradient_kernels *const all[] = {
    &recurrence_gradient_kernels__portable,
#if defined(__x86_64__)
    &recurrence_gradient_kernels__avx2,
    &recurrence_gradient_kernels__avx512,
#endif
};

const recurrence_gradient_kernels *recurrence_gradient_kernels_at(size_t index) {
  return index < sizeof all / sizeof all[0] ? all[index] : NULL;
}

size_t recurrence_gradient_scratch_floats(size_t keyWidth, size_t valueWidth) {
  chunk_scratch w;
  return chunk_scratch_at(keyWidth, valueWidth, NULL, &w);
}
