// What any processor of the build's baseline can do.
#include "peak.h"

enum { sums = 8 };
typedef float floats_t __attribute__((vector_size(16)));
typedef int32_t ints_t __attribute__((vector_size(16)));

/// Ends what the compiler knows of a register's value.
#if defined(__x86_64__)
#define OPAQUE(x) __asm__ volatile("" : "+x"(x))
#elif defined(__aarch64__)
#define OPAQUE(x) __asm__ volatile("" : "+w"(x))
#else
#define OPAQUE(x) __asm__ volatile("" : "+m"(x))
#endif

static uint32_t float32(size_t rounds) {
  floats_t x = {0.5f, 0.25f, 0.5f, 0.25f}, a[sums];
  OPAQUE(x);
  for (int i = 0; i < sums; i++) a[i] = x;
  for (size_t round = 0; round < rounds; round++) {
    for (int i = 0; i < sums; i++) {
      a[i] = a[i] * x + x;
      OPAQUE(a[i]);
    }
  }
  for (int i = 1; i < sums; i++) a[0] += a[i];
  return (uint32_t)(a[0][0] + a[0][1] + a[0][2] + a[0][3]);
}

static uint32_t int8(size_t rounds) {
  typedef int16_t halves_t __attribute__((vector_size(16)));
  halves_t x = {1, 2, 3, 4, 5, 6, 7, 8}, y = {3, 2, 1, 3, 2, 1, 3, 2};
  ints_t a[sums] = {{0}};
  OPAQUE(x);
  OPAQUE(y);
  for (size_t round = 0; round < rounds; round++) {
    for (int i = 0; i < sums; i++) {
      halves_t product = x * y;
      a[i] += (ints_t)product;
      OPAQUE(a[i]);
    }
    OPAQUE(x);
  }
  for (int i = 1; i < sums; i++) a[0] += a[i];
  return (uint32_t)(a[0][0] + a[0][1] + a[0][2] + a[0][3]);
}

const peak_kernel peak_kernels__portable[2] = {
    {"int8 by 16-bit products", PEAK_INT8, 0, sums * 16, int8},
    {"float32 multiply and add", PEAK_FLOAT32, 0, sums * 8, float32},
};
