#pragma once

#include "attention.h"
#include "rows_math.h"

// The running softmax: weights are powers of two of scores times log2(e), relative to the largest so far.

static const float LOG2_E = 0x1.715476p0f;

enum { WEIGH_QUERIES = 4 };

/// 2^x for x <= 0 to 2 units in the last place; 0 from -126 down.
VECTOR_INLINE f32x16 weight_of(f32x16 x) {
  const float magic = 0x1.8p23f;
  const f32x16 shifted = x + magic;
  const f32x16 r = x - (shifted - magic);
  f32x16 p = fill(0x1.5bba14p-10f);
  p = multiply_add(p, r, fill(0x1.3cea88p-7f));
  p = multiply_add(p, r, fill(0x1.c6b752p-5f));
  p = multiply_add(p, r, fill(0x1.ebf9bcp-3f));
  p = multiply_add(p, r, fill(0x1.62e42ap-1f));
  p = multiply_add(p, r, fill(1.0f));
  const f32x16 value = p * of_bits((bits_of(shifted) - (0x4B400000 - 127)) << 23);
  return choose(x <= -126.0f, fill(0), value);
}

VECTOR_INLINE float weight_of_one(float x) { return weight_of(fill(x)).x; }

VECTOR_INLINE f32x16 capped(f32x16 score, float scale, float softcap) {
  const f32x16 scaled = score * scale;
  return softcap != 0 ? softcap * tanh_of(scaled / softcap) : scaled;
}

VECTOR_INLINE i32x16 lane_mask(uint32_t bits) {
  const i32x16 lane = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
  return ((i32x16)(int32_t)bits & lane) != 0;
}

/// Turns 64 products of each of `count` queries into weights and brings their partial results to the new maxima.
/// Queries go side by side, so that one's sums across lanes hide behind another's; the count is a constant.
VECTOR_INLINE void weigh_some(const attention_row *row, const int count, uint64_t visible, float *scores,
                              float *records, size_t stride, size_t width) {
  const float by = row->scale * LOG2_E;
  f32x16 largest[WEIGH_QUERIES], sum[WEIGH_QUERIES];
  float top[WEIGH_QUERIES];
  VECTOR_UNROLL for (int q = 0; q < count; q++) {
    f32x16 score[4];
    VECTOR_UNROLL for (int g = 0; g < 4; g++) {
      score[g] = load(scores + q * 64 + 16 * g);
      score[g] = row->softcap != 0 ? capped(score[g], row->scale, row->softcap) * LOG2_E : score[g] * by;
      if (visible != ~(uint64_t)0) {
        score[g] = choose(lane_mask((uint32_t)(visible >> (16 * g)) & 0xFFFF), score[g], fill(-INFINITY));
      }
      store(scores + q * 64 + 16 * g, score[g]);
    }
    largest[q] = larger(larger(score[0], score[1]), larger(score[2], score[3]));
  }
  VECTOR_UNROLL for (int q = 0; q < count; q++) top[q] = largest_of(largest[q]);
  VECTOR_UNROLL for (int q = 0; q < count; q++) {
    const float before = records[(size_t)q * stride + width];
    const float now = top[q] > before ? top[q] : before;
    f32x16 score[4];
    VECTOR_UNROLL for (int g = 0; g < 4; g++) {
      score[g] = weight_of(load(scores + q * 64 + 16 * g) - now);
      store(scores + q * 64 + 16 * g, score[g]);
    }
    sum[q] = (score[0] + score[1]) + (score[2] + score[3]);
    top[q] = now;
  }
  VECTOR_UNROLL for (int q = 0; q < count; q++) {
    float *record = records + (size_t)q * stride;
    const float before = record[width];
    if (record[width + 1] != 0 && top[q] != before) {
      const float factor = weight_of_one(before - top[q]);
      for (size_t i = 0; i < width; i += 16) store(record + i, load(record + i) * factor);
      record[width + 1] *= factor;
    }
    record[width] = top[q];
    record[width + 1] += sum_lanes(sum[q]);
  }
}

/// The same for any number of queries.
VECTOR_INLINE void weigh_block(const attention_row *row, size_t count, uint64_t visible, float *scores, float *records,
                               size_t stride, size_t width) {
  size_t q = 0;
  for (; q + WEIGH_QUERIES <= count; q += WEIGH_QUERIES) {
    weigh_some(row, WEIGH_QUERIES, visible, scores + q * 64, records + q * stride, stride, width);
  }
  for (; q < count; q++) weigh_some(row, 1, visible, scores + q * 64, records + q * stride, stride, width);
}

VECTOR_INLINE void empty_record(float *record, size_t width) {
  memset(record, 0, (width + 16) * sizeof(float));
  record[width] = -INFINITY;
}

/// Folds the next span's partial result into `total`; a sum of 0 marks an empty one.
static void merge_record(float *total, const float *next, size_t width) {
  if (next[width + 1] == 0) return;
  if (total[width + 1] == 0) {
    memcpy(total, next, (width + 16) * sizeof(float));
    return;
  }
  const float largest = next[width] > total[width] ? next[width] : total[width];
  const float before = weight_of_one(total[width] - largest);
  const float factor = weight_of_one(next[width] - largest);
  for (size_t i = 0; i < width; i += 16) {
    store(total + i, multiply_add(load(next + i), fill(factor), load(total + i) * before));
  }
  total[width] = largest;
  total[width + 1] = total[width + 1] * before + next[width + 1] * factor;
}

/// Divides by the sum, with the sink's logit in it, and writes the head's output.
static void finish_record(const attention_row *row, const float *record, size_t width, size_t head, float *out) {
  float factor = 1, sum = record[width + 1];
  if (row->sinks) {
    const float sink = row->sinks[head] * LOG2_E;
    const float largest = record[width] > sink ? record[width] : sink;
    factor = weight_of_one(record[width] - largest);
    sum = sum * factor + weight_of_one(sink - largest);
  }
  const float scale = sum != 0 ? factor / sum : 0;
  for (size_t i = 0; i < row->valueWidth; i += 16) {
    const f32x16 v = load(record + i) * scale;
    if (row->valueWidth - i < 16) store_part(out + i, v, row->valueWidth - i);
    else store(out + i, v);
  }
}
