// Prints a hash of what every row, attention and recurrence kernel makes of fixed values. On arm64 without a C library,
// so that it runs under an emulator.
#include "attention.h"
#include "recurrence.h"
#include "rows.h"
#include "freestanding.h"

enum { width = 333, positions = 700, kept = 704, heads = 5 };
static float x[width], y[width], out[8 * width];
static uint8_t keys[kept * 96 * 4], values[kept * 96 * 4];
static float queries[9 * heads * 96], outputs[9 * heads * 96], state[96 * 80];
static uint8_t scratch[1 << 20];

static float number(void) { return (float)(random_word() >> 8) / 8388608.0f - 1.0f; }

static void report(char kind, int index, const void *data, size_t count) {
  const char text[3] = {kind, (char)('0' + index / 10), (char)('0' + index % 10)};
  print_hash(text, sizeof text, hash_bytes(hash_start, data, count));
}

static void rows(const row_kernels *k) {
  for (int i = 0; i < width; i++) {
    x[i] = number() * 9;
    y[i] = number();
  }
  for (int f = 0; f <= ROW_SQRT; f++) {
    k->unary((row_unary)f, x, width, out);
    // The sign of a NaN differs between processors.
    for (int i = 0; i < width; i++) out[i] = out[i] == out[i] ? out[i] : 0;
    report('u', f, out, sizeof(float) * width);
  }
  k->rms_norm(x, y, 1e-5f, width, out);
  k->layer_norm(x, y, y, 1e-5f, width, out + width);
  k->softmax(x, width, out + 2 * width);
  k->softmax_sink(x, 3, width, out + 3 * width);
  k->normalize_sum(x, 1, width, out + 4 * width);
  k->rope(x, y, y, width - 1, 0, out + 5 * width);
  k->rope(x, y, y, width - 1, 1, out + 6 * width);
  k->accumulate(x, 0.3f, width, out + 5 * width);
  out[7 * width] = k->log_sum_exp(x, width);
  for (int i = 0; i < 8; i++) report('r', i, out + i * width, sizeof(float) * (i < 7 ? width - 1 : 1));
}

static void attend(const row_kernels *r, const attention_kernels *k) {
  static const uint32_t formats[4] = {0, 1, 2, 8};
  for (int c = 0; c < 8; c++) {
    const uint32_t format = formats[c % 4];
    const size_t keyWidth = c < 4 ? 96 : 40, valueWidth = c < 4 ? 64 : 24;
    for (size_t i = 0; i < positions; i++) {
      for (int j = 0; j < 96; j++) out[j] = number();
      r->cache_append(format, 1, out, 96, keys, i);
      r->cache_append(format, 0, out + 16, 64, values, i);
    }
    report('c', c, keys, kept * cache_row_bytes(format, 96));
    report('d', c, values, kept * cache_row_bytes(format, 64));
    for (size_t i = 0; i < 9 * heads * keyWidth; i++) queries[i] = number();
    attention_query list[9];
    for (long i = 0; i < 9; i++) {
      list[i] = (attention_query){queries + (size_t)i * heads * keyWidth, outputs + (size_t)i * heads * valueWidth, 3 * i,
                                  positions - 9 + i};
    }
    const attention_row row = {.queryStride = keyWidth, .groupHeads = heads, .keyWidth = keyWidth,
                               .valueWidth = valueWidth, .format = format, .scale = 0.2f, .softcap = c % 2 ? 4 : 0,
                               .memory = {.keys = keys, .values = values, .rows = kept, .keyWidth = 96, .valueWidth = 64},
                               .query = queries, .output = outputs, .outputStride = valueWidth, .scratch = scratch};
    if (attention_scratch_bytes(&row, 9) > sizeof scratch) finish();
    k->attention_rows(&row, list, 9);
    report('a', c, outputs, sizeof(float) * 9 * heads * valueWidth);
  }
}

static void recur(const recurrence_kernels *k) {
  for (int i = 0; i < 96 * 80; i++) state[i] = number();
  for (int i = 0; i < 9 * 96; i++) queries[i] = number() / 4;
  recurrence_head head = {queries, queries + 96, queries + 200, y, y + 9, outputs, state, 96, 96, 80, 1, 1, 80, 96, 80, 7};
  k->gated_delta(&head);
  report('s', 0, outputs, sizeof(float) * 7 * 80);
  k->decay(&head);
  report('s', 1, state, sizeof state);
  convolution_range range = {queries, x, y, state, outputs, 80, 80, 80, 80, 4, 5};
  k->convolution(&range);
  report('s', 2, outputs, sizeof(float) * 5 * 80);
}

void start(void) {
  random_state = 7;
  const vector_isa isa = vector_isa_best();
  rows(row_kernels_for(isa));
  attend(row_kernels_for(isa), attention_kernels_for(isa));
  recur(recurrence_kernels_for(isa));
  finish();
}
