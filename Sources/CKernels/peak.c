#include "peak.h"

#define LIST(name, count)                               \
  extern const peak_kernel peak_kernels__##name[count]; \
  enum { count__##name = count };

LIST(portable, 2)
#if defined(__x86_64__)
LIST(x86, 6)
#elif defined(__aarch64__)
LIST(arm, 2)
#endif

#define FROM(name)                                                  \
  if (index < count__##name) return &peak_kernels__##name[index]; \
  index -= count__##name;

const peak_kernel *peak_kernel_at(size_t index) {
  FROM(portable)
#if defined(__x86_64__)
  FROM(x86)
#elif defined(__aarch64__)
  FROM(arm)
#endif
  return 0;
}

typedef uint64_t words_t __attribute__((vector_size(64)));

uint64_t peak_read(const void *source, size_t bytes) {
  const words_t *p = source;
  words_t a = {0}, b = {0}, c = {0}, d = {0};
  for (const words_t *end = p + bytes / sizeof *p; p < end; p += 4) {
    a ^= p[0];
    b ^= p[1];
    c ^= p[2];
    d ^= p[3];
  }
  a = (a ^ b) + (c ^ d);
  return a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
}
