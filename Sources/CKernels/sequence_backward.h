#pragma once

#include "sequence_forward.h"

// Attention backward: for a block of keys, every block of queries that sees one of them, in order.

typedef struct {
  float *keys;          // [96, sixteens(keyWidth)]
  float *turnedKeys;    // [keyWidth, 96]
  float *turnedValues;  // [valueWidth, 96]
  float *keySums;       // [96, sixteens(keyWidth)]
  float *valueSums;     // [96, sixteens(valueWidth)]
  float *queries;       // [32, sixteens(keyWidth)]
  float *turnedQueries; // [keyWidth, 32]
  float *gradients;     // [32, sixteens(valueWidth)]
  float *turnedGradients;  // [valueWidth, 32]
  float *querySums;     // [32, sixteens(keyWidth)]
  float *weights;       // [96, 32]
  float *slopes;        // [96, 32]: gradients by weights, then by scores
  float *caps;          // [96, 32]: slopes of capped scores
} backward_scratch;

static backward_scratch backward_scratch_at(const sequence_attention *s, float *scratch) {
  const size_t key = sixteens(s->keyWidth), value = sixteens(s->valueWidth), block = sequence_keys * sequence_queries;
  backward_scratch w;
  w.keys = scratch;
  w.turnedKeys = w.keys + sequence_keys * key;
  w.turnedValues = w.turnedKeys + sequence_keys * key;
  w.keySums = w.turnedValues + sequence_keys * value;
  w.valueSums = w.keySums + sequence_keys * key;
  w.queries = w.valueSums + sequence_keys * value;
  w.turnedQueries = w.queries + sequence_queries * key;
  w.gradients = w.turnedQueries + sequence_queries * key;
  w.turnedGradients = w.gradients + sequence_queries * value;
  w.querySums = w.turnedGradients + sequence_queries * value;
  w.weights = w.querySums + sequence_queries * key;
  w.slopes = w.weights + block;
  w.caps = w.slopes + block;
  return w;
}

/// Makes the weights of one vector of queries again, from scores in `weights`.
VECTOR_INLINE void remake_weights(const sequence_attention *s, const query_block *q, int half, size_t firstKey,
                                  size_t keys, const int isCapped, const int isMasked, f32x16 logarithm, float *weights,
                                  float *caps) {
  for (size_t k = 0; k < keys; k++) {
    const size_t at = k * sequence_queries;
    f32x16 score = load(weights + at);
    if (isCapped) {
      const f32x16 t = tanh_of(score * (s->scale / s->softcap));
      store(caps + at, (1.0f - t * t) * s->scale);
      score = t * (s->softcap * LOG2_E);
    } else {
      score = score * (s->scale * LOG2_E);
    }
    f32x16 weight = weight_of(score - logarithm);
    if (isMasked) weight = choose(key_mask(q, half, firstKey + k), weight, fill(0));
    store(weights + at, weight);
  }
}

/// Gradients by scores from those by weights; `share` is the sum of output times output gradient of each query.
VECTOR_INLINE void score_slopes(const sequence_attention *s, size_t keys, f32x16 share, const float *weights,
                                const float *caps, float *slopes) {
  for (size_t k = 0; k < keys; k++) {
    const size_t at = k * sequence_queries;
    const f32x16 slope = load(weights + at) * (load(slopes + at) - share);
    store(slopes + at, slope * (s->softcap != 0 ? load(caps + at) : fill(s->scale)));
  }
}

/// sum(output * output gradient) of a row.
VECTOR_INLINE float output_share(const sequence_attention *s, size_t row, size_t head) {
  const float *x = s->outputs + row * s->outputRow + head * s->valueWidth;
  const float *g = s->outputGradients + row * s->outputGradientRow + head * s->valueWidth;
#define TERM(i, part, sum) multiply_add(read(x + (i), (part), 0), read(g + (i), (part), 0), (sum))
  ROW_SUM(s->valueWidth, TERM);
#undef TERM
  return total;
}

/// One block of queries of one head: fetches them and what backward needs of their rows.
static void fetch_queries(const sequence_attention *s, const query_block *q, size_t start, size_t head,
                          const backward_scratch *w, float *shares, float *logarithms) {
  const float *queries = s->queries + (start + q->first) * s->queryRow + head * s->keyWidth;
  const float *gradients = s->outputGradients + (start + q->first) * s->outputGradientRow + head * s->valueWidth;
  copy_rows(queries, s->queryRow, q->count, s->keyWidth, w->queries);
  turn_rows(queries, s->queryRow, q->count, s->keyWidth, sequence_queries, w->turnedQueries);
  copy_rows(gradients, s->outputGradientRow, q->count, s->valueWidth, w->gradients);
  turn_rows(gradients, s->outputGradientRow, q->count, s->valueWidth, sequence_queries, w->turnedGradients);
  for (size_t i = 0; i < sequence_queries; i++) {
    const size_t row = start + q->first + (i < q->count ? i : 0);
    shares[i] = i < q->count ? output_share(s, row, head) : 0;
    logarithms[i] = s->logSums[row * s->heads + head] * LOG2_E;
  }
}

/// Adds one block's gradients by queries to their rows.
static void add_query_gradients(const sequence_attention *s, const query_block *q, size_t start, size_t head,
                                const float *sums) {
  const size_t width = sixteens(s->keyWidth);
  for (size_t i = 0; i < q->count; i++) {
    float *out = s->queryGradients + (start + q->first + i) * s->queryGradientRow + head * s->keyWidth;
    for (size_t c = 0; c < s->keyWidth; c += 16) {
      add_to(out + c, load(sums + i * width + c), s->keyWidth - c < 16 ? s->keyWidth - c : 0);
    }
  }
}

/// One block of keys and one block of queries of one head.
static void retrace_block(const sequence_attention *s, const query_block *q, size_t start, size_t head, size_t firstKey,
                          size_t keys, const backward_scratch *w) {
  const size_t key = sixteens(s->keyWidth), value = sixteens(s->valueWidth), lanes = sixteens(q->count);
  const int isMasked = !sees_all(s, q, firstKey, keys);
  float shares[sequence_queries], logarithms[sequence_queries];
  fetch_queries(s, q, start, head, w, shares, logarithms);
  block_product(w->turnedKeys, sequence_keys, w->turnedQueries, sequence_queries, keys, lanes, s->keyWidth, 0, w->weights,
                sequence_queries);
  block_product(w->turnedValues, sequence_keys, w->turnedGradients, sequence_queries, keys, lanes, s->valueWidth, 0,
                w->slopes, sequence_queries);
  for (int half = 0; 16 * (size_t)half < lanes; half++) {
    float *weights = w->weights + 16 * half, *slopes = w->slopes + 16 * half, *caps = w->caps + 16 * half;
    const f32x16 logarithm = load(logarithms + 16 * half);
    if (s->softcap != 0) remake_weights(s, q, half, firstKey, keys, 1, 1, logarithm, weights, caps);
    else if (isMasked) remake_weights(s, q, half, firstKey, keys, 0, 1, logarithm, weights, caps);
    else remake_weights(s, q, half, firstKey, keys, 0, 0, logarithm, weights, caps);
    if (s->dropoutKeys) drop_pairs(s, q, half, start, head, firstKey, keys, slopes);
    score_slopes(s, keys, load(shares + 16 * half), weights, caps, slopes);
    if (s->dropoutKeys) drop_pairs(s, q, half, start, head, firstKey, keys, weights);
  }
  block_product(w->weights, 1, w->gradients, value, keys, value, q->count, 1, w->valueSums, value);
  block_product(w->slopes, 1, w->queries, key, keys, key, q->count, 1, w->keySums, key);
  block_product(w->slopes, sequence_queries, w->keys, key, q->count, key, keys, 0, w->querySums, key);
  add_query_gradients(s, q, start, head, w->querySums);
}

/// -sum over the sequence of the sink's weight times the output's share.
static float sink_gradient(const sequence_attention *s, size_t start, size_t count, size_t head) {
  float sum = 0;
  for (size_t t = start; t < start + count; t++) {
    sum -= exp_of_one(s->sinks[head] - s->logSums[t * s->heads + head]) * output_share(s, t, head);
  }
  return sum;
}

/// One block of keys and all queries that see it.
static void retrace_keys(const sequence_attention *s, size_t start, size_t count, size_t keyHead, size_t firstKey,
                         const backward_scratch *w) {
  const size_t keys = count - firstKey < sequence_keys ? count - firstKey : sequence_keys;
  const size_t group = s->heads / s->keyHeads;
  const float *stored = s->keys + (start + firstKey) * s->keyRow + keyHead * s->keyWidth;
  copy_rows(stored, s->keyRow, keys, s->keyWidth, w->keys);
  turn_rows(stored, s->keyRow, keys, s->keyWidth, sequence_keys, w->turnedKeys);
  turn_rows(s->values + (start + firstKey) * s->valueRow + keyHead * s->valueWidth, s->valueRow, keys, s->valueWidth,
            sequence_keys, w->turnedValues);
  memset(w->keySums, 0, sequence_keys * sixteens(s->keyWidth) * sizeof(float));
  memset(w->valueSums, 0, sequence_keys * sixteens(s->valueWidth) * sizeof(float));
  for (size_t head = keyHead * group; head < (keyHead + 1) * group; head++) {
    for (size_t first = firstKey / sequence_queries * sequence_queries; first < count; first += sequence_queries) {
      const query_block q = query_block_at(s, first, count);
      if (!sees_some(s, &q, firstKey, keys)) break;
      retrace_block(s, &q, start, head, firstKey, keys_seen(&q, firstKey, keys), w);
    }
  }
  write_rows(w->keySums, keys, s->keyWidth,
             s->keyGradients + (start + firstKey) * s->keyGradientRow + keyHead * s->keyWidth, s->keyGradientRow);
  write_rows(w->valueSums, keys, s->valueWidth,
             s->valueGradients + (start + firstKey) * s->valueGradientRow + keyHead * s->valueWidth, s->valueGradientRow);
}

static void VECTOR_NAME(sequence_backward)(const sequence_attention *s, size_t start, size_t count, size_t keyHead,
                                           float *sinkGradients, float *scratch) {
  const backward_scratch w = backward_scratch_at(s, scratch);
  const size_t group = s->heads / s->keyHeads;
  for (size_t t = start; t < start + count; t++) {
    memset(s->queryGradients + t * s->queryGradientRow + keyHead * group * s->keyWidth, 0,
           group * s->keyWidth * sizeof(float));
  }
  for (size_t key = 0; key < count; key += sequence_keys) retrace_keys(s, start, count, keyHead, key, &w);
  if (!sinkGradients || !s->sinks) return;
  for (size_t head = keyHead * group; head < (keyHead + 1) * group; head++) {
    sinkGradients[head] = sink_gradient(s, start, count, head);
  }
}

const sequence_attention_kernels VECTOR_NAME(sequence_attention_kernels) = {
    .name = VECTOR_LABEL,
    .features = PRODUCT_FEATURES,
    .forward = VECTOR_NAME(sequence_forward),
    .backward = VECTOR_NAME(sequence_backward),
};
