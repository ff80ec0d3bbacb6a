#pragma once

#include "sequence_blocks.h"

// Attention forward: blocks of keys pass by blocks of queries, whose running softmax stays in scratch.

/// The running softmax of 32 queries, base 2, and their sums of values.
typedef struct {
  float largest[sequence_queries];
  float sum[sequence_queries];
  float *values;  // [32, sixteens(valueWidth)]
} running_softmax;

typedef struct {
  float *keys;     // [keyWidth, 96]
  float *values;   // [96, sixteens(valueWidth)]
  float *queries;  // 4 blocks of [keyWidth, 32]
  float *scores;   // [96, 32]
  float *sums;     // 4 blocks of [32, sixteens(valueWidth)]
} forward_scratch;

static forward_scratch forward_scratch_at(const sequence_attention *s, float *scratch) {
  forward_scratch w;
  w.keys = scratch;
  w.values = w.keys + sequence_keys * sixteens(s->keyWidth);
  w.queries = w.values + sequence_keys * sixteens(s->valueWidth);
  w.scores = w.queries + SEQUENCE_QUERIES * sixteens(s->keyWidth);
  w.sums = w.scores + sequence_keys * sequence_queries;
  return w;
}

/// Scores of one vector of queries in base 2, with what a query does not see at minus infinity; returns the largest.
VECTOR_INLINE f32x16 finish_scores(const sequence_attention *s, const query_block *q, int half, size_t firstKey,
                                   size_t keys, const int isCapped, const int isMasked, float *scores) {
  f32x16 largest = fill(-INFINITY);
  for (size_t k = 0; k < keys; k++) {
    float *p = scores + k * sequence_queries;
    f32x16 score = isCapped ? capped(load(p), s->scale, s->softcap) * LOG2_E : load(p) * (s->scale * LOG2_E);
    if (isMasked) score = choose(key_mask(q, half, firstKey + k), score, fill(-INFINITY));
    store(p, score);
    largest = larger(score, largest);
  }
  return largest;
}

/// Turns one vector of queries' scores into weights; returns what earlier sums are to be multiplied with.
static f32x16 weigh_keys(const sequence_attention *s, const query_block *q, int half, size_t firstKey, size_t keys,
                         float *scores, running_softmax *running) {
  f32x16 largest;
  if (s->softcap != 0) largest = finish_scores(s, q, half, firstKey, keys, 1, 1, scores);
  else if (sees_all(s, q, firstKey, keys)) largest = finish_scores(s, q, half, firstKey, keys, 0, 0, scores);
  else largest = finish_scores(s, q, half, firstKey, keys, 0, 1, scores);
  const f32x16 before = load(running->largest + 16 * half);
  largest = larger(largest, before);
  store(running->largest + 16 * half, largest);
  const f32x16 level = choose(largest == -INFINITY, fill(0), largest);
  const f32x16 factor = weight_of(before - level);
  f32x16 sum = load(running->sum + 16 * half) * factor;
  for (size_t k = 0; k < keys; k++) {
    const f32x16 weight = weight_of(load(scores + k * sequence_queries) - level);
    store(scores + k * sequence_queries, weight);
    sum += weight;
  }
  store(running->sum + 16 * half, sum);
  return factor;
}

static void scale_rows(const float *factors, size_t rows, size_t width, float *out) {
  for (size_t r = 0; r < rows; r++) {
    if (factors[r] == 1) continue;
    for (size_t i = 0; i < width; i += 16) store(out + r * width + i, load(out + r * width + i) * factors[r]);
  }
}

/// One block of keys for one block of queries.
static void attend_keys(const sequence_attention *s, const query_block *q, size_t start, size_t head, size_t firstKey,
                        size_t keys, const float *queries, const forward_scratch *w, running_softmax *running) {
  const size_t width = sixteens(s->valueWidth);
  const int isFirst = firstKey <= first_seen(s, q->first);
  float factors[sequence_queries];
  block_product(w->keys, sequence_keys, queries, sequence_queries, keys, sixteens(q->count), s->keyWidth, 0, w->scores,
                sequence_queries);
  for (int half = 0; half < 2; half++) {
    if (q->count <= 16 * (size_t)half) break;
    store(factors + 16 * half, weigh_keys(s, q, half, firstKey, keys, w->scores + 16 * half, running));
    if (s->dropoutKeys) drop_pairs(s, q, half, start, head, firstKey, keys, w->scores + 16 * half);
  }
  if (!isFirst) scale_rows(factors, q->count, width, running->values);
  block_product(w->scores, sequence_queries, w->values, width, q->count, width, keys, !isFirst, running->values, width);
}

/// Divides by the sums and writes rows.
static void finish_queries(const sequence_attention *s, const query_block *q, size_t start, size_t head,
                           const running_softmax *running) {
  const size_t width = sixteens(s->valueWidth);
  float logarithms[sequence_queries], factors[sequence_queries];
  for (int half = 0; half < 2; half++) {
    const f32x16 largest = load(running->largest + 16 * half), sum = load(running->sum + 16 * half);
    f32x16 level = largest, total = sum, scale = fill(1);
    if (s->sinks) {
      const f32x16 sink = fill(s->sinks[head] * LOG2_E);
      level = larger(largest, sink);
      scale = weight_of(largest - level);
      total = multiply_add(sum, scale, weight_of(sink - level));
    }
    store(factors + 16 * half, scale / total);
    store(logarithms + 16 * half, multiply_add(level, fill(0x1.62e430p-1f), log_of(total)));
  }
  for (size_t i = 0; i < q->count; i++) {
    const size_t row = start + q->first + i;
    float *out = s->outputs + row * s->outputRow + head * s->valueWidth;
    s->logSums[row * s->heads + head] = logarithms[i];
    for (size_t c = 0; c < s->valueWidth; c += 16) {
      write(out + c, load(running->values + i * width + c) * factors[i], s->valueWidth - c < 16 ? s->valueWidth - c : 0);
    }
  }
}

static void VECTOR_NAME(sequence_forward)(const sequence_attention *s, size_t start, size_t count, size_t head,
                                          size_t firstQuery, size_t queryCount, float *scratch) {
  enum { most = SEQUENCE_QUERIES / sequence_queries };
  const forward_scratch w = forward_scratch_at(s, scratch);
  const size_t end = firstQuery + queryCount < count ? firstQuery + queryCount : count;
  const size_t blocks = (end - firstQuery + sequence_queries - 1) / sequence_queries;
  const size_t keyHead = head / (s->heads / s->keyHeads);
  query_block q[most];
  running_softmax running[most];
  for (size_t b = 0; b < blocks; b++) {
    q[b] = query_block_at(s, firstQuery + b * sequence_queries, end);
    running[b].values = w.sums + b * sequence_queries * sixteens(s->valueWidth);
    for (size_t i = 0; i < sequence_queries; i++) running[b].largest[i] = -INFINITY, running[b].sum[i] = 0;
    turn_rows(s->queries + (start + q[b].first) * s->queryRow + head * s->keyWidth, s->queryRow, q[b].count, s->keyWidth,
              sequence_queries, w.queries + b * sequence_queries * s->keyWidth);
  }
  const size_t firstBlock = first_seen(s, firstQuery) / sequence_keys * sequence_keys;
  for (size_t key = firstBlock; key < end; key += sequence_keys) {
    const size_t keys = end - key < sequence_keys ? end - key : sequence_keys;
    turn_rows(s->keys + (start + key) * s->keyRow + keyHead * s->keyWidth, s->keyRow, keys, s->keyWidth, sequence_keys,
              w.keys);
    copy_rows(s->values + (start + key) * s->valueRow + keyHead * s->valueWidth, s->valueRow, keys, s->valueWidth,
              w.values);
    for (size_t b = 0; b < blocks; b++) {
      if (!sees_some(s, &q[b], key, keys)) continue;
      attend_keys(s, &q[b], start, head, key, keys_seen(&q[b], key, keys),
                  w.queries + b * sequence_queries * s->keyWidth, &w, &running[b]);
    }
  }
  for (size_t b = 0; b < blocks; b++) finish_queries(s, &q[b], start, head, &running[b]);
}
