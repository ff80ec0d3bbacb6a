// Prints a hash of what the float products, the attention of sequences and the row kernels of training make of fixed values.
// On arm64 without a C library, so that it runs under an emulator.
#include "float_products.h"
#include "sequence_attention.h"
#include "training.h"
#include "freestanding.h"

enum { rows = 61, columns = 75, steps = 530, positions = 170, heads = 4, keyHeads = 2, width = 40 };
static float a[rows * steps], b[steps * columns], c[rows * columns];
static float packed[80 * steps], scratch[1 << 17];
static float q[positions * heads * width], k[positions * keyHeads * width], v[positions * keyHeads * width];
static float out[positions * heads * width], g[positions * heads * width], logarithms[positions * heads];
static float dq[positions * heads * width], dk[positions * keyHeads * width], dv[positions * keyHeads * width];

static void fill_random(float *x, size_t count, float size) {
  for (size_t i = 0; i < count; i++) x[i] = ((float)(random_word() >> 8) / 8388608.0f - 1.0f) * size;
}

static void report(char kind, int index, const void *data, size_t size) {
  const char text[3] = {kind, (char)('0' + index / 10), (char)('0' + index % 10)};
  print_hash(text, sizeof text, hash_bytes(hash_start, data, size));
}

static void multiply(const float_product_kernels *kernels) {
  fill_random(a, rows * steps, 1);
  fill_random(b, steps * columns, 1);
  for (int form = 0; form < 4; form++) {
    float_product p = {.rows = rows, .columns = columns, .steps = steps, .a = a, .b = b, .c = c, .cRow = columns};
    p.aRow = form % 2 ? 1 : steps, p.aStep = form % 2 ? rows : 1;
    p.bStep = form / 2 ? 1 : columns, p.bColumn = form / 2 ? steps : 1;
    const size_t panels = (columns + kernels->tileColumns - 1) / kernels->tileColumns;
    for (size_t panel = 0; panel < panels; panel++) kernels->pack(&p, panel, packed);
    kernels->multiply(&p, packed, 0, 48, 0, panels, scratch);
    kernels->multiply(&p, packed, 48, rows - 48, 0, panels, scratch);
    report('p', form, c, sizeof c);
  }
}

static void attend(const sequence_attention_kernels *kernels) {
  fill_random(q, positions * heads * width, 1);
  fill_random(k, positions * keyHeads * width, 1);
  fill_random(v, positions * keyHeads * width, 1);
  fill_random(g, positions * heads * width, 1);
  for (int form = 0; form < 4; form++) {
    const sequence_attention s = {
        .queries = q, .keys = k, .values = v, .queryRow = heads * width, .keyRow = keyHeads * width,
        .valueRow = keyHeads * width, .heads = heads, .keyHeads = keyHeads, .keyWidth = width, .valueWidth = width,
        .window = form == 1 ? 50 : 0, .chunk = form == 2 ? 40 : 0, .scale = 0.15f, .softcap = form == 3 ? 2 : 0,
        .outputs = out, .outputRow = heads * width, .logSums = logarithms, .outputGradients = g,
        .outputGradientRow = heads * width, .queryGradients = dq, .queryGradientRow = heads * width,
        .keyGradients = dk, .keyGradientRow = keyHeads * width, .valueGradients = dv,
        .valueGradientRow = keyHeads * width};
    for (size_t head = 0; head < heads; head++) {
      for (size_t first = 0; first < positions; first += SEQUENCE_QUERIES) {
        kernels->forward(&s, 0, positions, head, first, SEQUENCE_QUERIES, scratch);
      }
    }
    for (size_t head = 0; head < keyHeads; head++) kernels->backward(&s, 0, positions, head, 0, scratch);
    report('a', 5 * form, out, sizeof out);
    report('a', 5 * form + 1, logarithms, sizeof logarithms);
    report('a', 5 * form + 2, dq, sizeof dq);
    report('a', 5 * form + 3, dk, sizeof dk);
    report('a', 5 * form + 4, dv, sizeof dv);
  }
}

static void train(const training_kernels *kernels) {
  enum { n = 333, count = 6 };
  static const int32_t targets[count] = {5, 0, -1, 332, 9, 7};
  fill_random(a, n * count, 3);
  for (int f = 0; f <= ROW_FLOOR; f++) {
    kernels->unary_gradient((row_unary)f, q, a, n, out);
    // The sign of a NaN differs between processors.
    for (int i = 0; i < n; i++) out[i] = out[i] == out[i] ? out[i] : 0;
    report('u', f, out, n * sizeof(float));
  }
  kernels->rms_norm_gradient(a, q, k, 1e-5f, count, n, 0, out, dk);
  report('t', 0, out, count * n * sizeof(float));
  report('t', 1, dk, n * sizeof(float));
  kernels->layer_norm_gradient(a, q, k, 1e-5f, count, n, 1, out, dk, dv);
  report('t', 2, out, count * n * sizeof(float));
  report('t', 3, dk, n * sizeof(float));
  kernels->cross_entropy(a, targets, q, count, n, logarithms, out);
  report('t', 4, out, count * n * sizeof(float));
  report('t', 5, logarithms, count * sizeof(float));
  kernels->gated_gradient(ROW_SILU, q, a, v, n, dq, dv);
  report('t', 6, dq, n * sizeof(float));
  const adamw_step step = {1e-3f, 0.9f, 0.95f, 1e-8f, 0.9999f, 1.3f, 0.5f};
  for (int i = 0; i < n; i++) dv[i] = dv[i] * dv[i];
  kernels->adamw(&step, g, n, q, k, dv);
  report('t', 7, q, n * sizeof(float));
  const double squares = kernels->sum_squares(a, n);
  report('t', 8, &squares, sizeof squares);
}

void start(void) {
  const float_product_kernels *products = 0, *candidate;
  for (size_t i = 0; (candidate = float_product_kernels_at(i)); i++) {
    if ((candidate->features & ~cpu_features()) == 0 && !candidate->roundsToPairs) products = candidate;
  }
  const sequence_attention_kernels *attention = 0, *other;
  for (size_t i = 0; (other = sequence_attention_kernels_at(i)); i++) {
    if ((other->features & ~cpu_features()) == 0) attention = other;
  }
  multiply(products);
  attend(attention);
  train(training_kernels_for(vector_isa_best()));
  finish();
}
