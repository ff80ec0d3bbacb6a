// Prints a hash of every product kernel's results on fixed inputs, on arm64 without a C library, so that it runs under an emulator.
// Kernels with fused operations must print the same hashes on every processor, and so must the plain ones.
#include "blocks.h"
#include "cpu.h"
#include "matmul.h"
#include "freestanding.h"

enum { rows = 16, columns = 512, tokens = 8 };

#if defined(__aarch64__)
/// Needs a C library; panels here hold their own format and never decode.
void block_decode(uint32_t format, const void *source, float *destination, size_t count) {
  (void)format, (void)source, (void)destination, (void)count;
}
#endif

typedef struct { uint32_t format, width, bytes; int scales[2]; } shape;
static const shape shapes[] = {
    {BLOCK_F32, 1, 4, {-1, -1}},     {BLOCK_F16, 1, 2, {0, -1}},       {BLOCK_BF16, 1, 2, {0, -1}},
    {BLOCK_Q4_0, 32, 18, {0, -1}},   {BLOCK_Q4_1, 32, 20, {0, 2}},     {BLOCK_Q5_0, 32, 22, {0, -1}},
    {BLOCK_Q5_1, 32, 24, {0, 2}},    {BLOCK_Q8_0, 32, 34, {0, -1}},    {BLOCK_Q2_K, 256, 84, {80, 82}},
    {BLOCK_Q3_K, 256, 110, {108, -1}}, {BLOCK_Q4_K, 256, 144, {0, 2}}, {BLOCK_Q5_K, 256, 176, {0, 2}},
    {BLOCK_Q6_K, 256, 210, {208, -1}}, {BLOCK_IQ4_NL, 32, 18, {0, -1}}, {BLOCK_IQ4_XS, 256, 136, {0, -1}},
    {BLOCK_MXFP4, 32, 17, {-1, -1}},
};

static uint8_t stored[rows * columns * 4], panel[rows * columns * 4];
static float values[tokens * columns];
static uint8_t activations_of[MATMUL_LAYOUTS][tokens][columns * sizeof(float)];

/// Random codes with scales of ordinary size: half-precision numbers of exponent 8...15.
static void fill(const shape *s) {
  random_state = s->format + 1;
  for (size_t i = 0; i < sizeof stored; i++) stored[i] = (uint8_t)random_word();
  for (size_t start = 0; start + s->bytes <= sizeof stored; start += s->bytes) {
    for (int k = 0; k < 2; k++)
      if (s->scales[k] >= 0) stored[start + (size_t)s->scales[k] + 1] = (uint8_t)(0x20 | (random_word() & 0x9f));
    if (s->format == BLOCK_F32) stored[start + 3] = 0x3f;
    if (s->format == BLOCK_MXFP4) stored[start] = (uint8_t)(random_word() % 3 == 0 ? random_word() % 4 : 120);
  }
}

static void report(const matmul_kernel *kernel, uint64_t hash) {
  char line[96];
  size_t n = 0;
  for (const char *p = kernel->name; *p; p++) line[n++] = *p;
  while (n < 36) line[n++] = ' ';
  print_hash(line, n, hash);
}

static void run(const matmul_kernel *kernel, const shape *s) {
  fill(s);
  matmul_pack_panel(s->format, s->format, s->width, s->bytes, stored, columns / s->width * s->bytes, rows, columns, panel);
  const void *activations[tokens];
  float sums[tokens * 16];
  for (int t = 0; t < tokens; t++) activations[t] = activations_of[kernel->activation][t];
  uint64_t hash = hash_start;
  for (size_t count = 1; count <= tokens; count++) {
    kernel->tile(panel, matmul_panel_bytes(s->format, columns), 1, columns, activations, count, sums);
    hash = hash_bytes(hash, sums, count * 16 * sizeof(float));
  }
  report(kernel, hash);
}

void start(void) {
  for (int i = 0; i < tokens * columns; i++) values[i] = (float)(int32_t)random_word() * 0x1p-30f;
  for (int t = 0; t < tokens; t++) {
    __builtin_memcpy(activations_of[MATMUL_F32][t], values + t * columns, columns * sizeof(float));
    for (int layout = MATMUL_F32 + 1; layout < MATMUL_LAYOUTS; layout++)
      matmul_quantiser_for((matmul_activation)layout, cpu_features())(values + t * columns, columns, activations_of[layout][t]);
  }
  const matmul_kernel *kernel;
  for (size_t index = 0; (kernel = matmul_kernel_at(index)); index++) {
    if (kernel->features & ~cpu_features()) continue;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
      if (shapes[i].format == kernel->format) run(kernel, &shapes[i]);
  }
  finish();
}
