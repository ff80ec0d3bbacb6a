#include "sequence_attention.h"

extern const sequence_attention_kernels sequence_attention_kernels__portable;
#if defined(__x86_64__)
extern const sequence_attention_kernels sequence_attention_kernels__avx2, sequence_attention_kernels__avx512;
#endif

/// Better ones later.
static const sequence_attention_kernels *const all[] = {
    &sequence_attention_kernels__portable,
#if defined(__x86_64__)
    &sequence_attention_kernels__avx2,
    &sequence_attention_kernels__avx512,
#endif
};

const sequence_attention_kernels *sequence_attention_kernels_at(size_t index) {
  return index < sizeof all / sizeof all[0] ? all[index] : NULL;
}

size_t sequence_attention_scratch_floats(const sequence_attention *s) {
  enum { keys = 96, queries = 32, overhang = 16 };
  const size_t key = (s->keyWidth + 15) / 16 * 16, value = (s->valueWidth + 15) / 16 * 16, block = keys * queries;
  const size_t forward = (keys + SEQUENCE_QUERIES) * (key + value) + block;
  const size_t backward = keys * (3 * key + 2 * value) + queries * (3 * key + 2 * value) + 3 * block;
  return (forward > backward ? forward : backward) + overhang;
}
