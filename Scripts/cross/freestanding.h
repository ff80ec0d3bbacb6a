// What the checks of this folder share: output, an end, random words and hashes. On arm64 without a C library, so that
// they run under an emulator. Each check defines start().
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cpu.h"

#if defined(__aarch64__)
static void print(const char *text, size_t count) {
  register long number __asm__("x8") = 64;
  register long result __asm__("x0") = 1;
  register const char *data __asm__("x1") = text;
  register size_t size __asm__("x2") = count;
  __asm__ volatile("svc 0" : "+r"(result) : "r"(number), "r"(data), "r"(size) : "memory");
}

static void finish(void) {
  register long number __asm__("x8") = 93;
  register long status __asm__("x0") = 0;
  __asm__ volatile("svc 0" : : "r"(number), "r"(status));
}

void *memset(void *target, int value, size_t count) {
  for (volatile unsigned char *p = target; count > 0; count--) *p++ = (unsigned char)value;
  return target;
}

void *memcpy(void *target, const void *source, size_t count) {
  volatile unsigned char *p = target;
  for (const unsigned char *q = source; count > 0; count--) *p++ = *q++;
  return target;
}

void *memmove(void *target, const void *source, size_t count) {
  volatile unsigned char *p = target;
  const unsigned char *q = source;
  if (p < q) return memcpy(target, source, count);
  while (count-- > 0) p[count] = q[count];
  return target;
}

/// The emulator has every feature that kernels ask for.
uint32_t cpu_features(void) { return CPU_DOTPROD | CPU_I8MM; }

__asm__(".globl _start\n_start: b start\n");
#else
#include <unistd.h>
static void print(const char *text, size_t count) {
  if (write(1, text, count) < 0) _exit(1);
}
static void finish(void) { _exit(0); }
void start(void);
int main(void) { start(); }
#endif

static uint64_t random_state = 1;
static uint32_t random_word(void) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(random_state >> 32);
}

/// FNV-1a, from `hash_start` on.
static const uint64_t hash_start = 0xcbf29ce484222325;
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size) {
  for (size_t i = 0; i < size; i++) hash = (hash ^ ((const uint8_t *)data)[i]) * 0x100000001b3;
  return hash;
}

/// A line of a text and a hash.
static void print_hash(const char *text, size_t count, uint64_t hash) {
  char line[18];
  line[0] = ' ';
  for (int i = 0; i < 16; i++) line[1 + i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
  line[17] = '\n';
  print(text, count);
  print(line, sizeof line);
}
