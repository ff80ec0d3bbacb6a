#pragma once

#include "recurrence_scratch.h"
#include "sequence_blocks.h"

// A chunk of rows of one head of a recurrence, backward. With c[t] the sum of the chunk's decays up to row t and
// F[s, t] = exp(c[t] - c[s]), the chunk takes in u and gives o:
//   e[t] = v[t] - exp(c[t]) k[t].S - sum over s < t of F[s, t] (k[s].k[t]) u[s],   u[t] = beta[t] e[t]
//   o[t] = exp(c[t]) q[t].S + sum over s <= t of F[s, t] (k[s].q[t]) u[s]
//   S after = exp(c[n]) S + sum over s of F[s, n] k[s] (x) u[s]
// Without rates, u = v. Blocks of pairs are [s, t] like those of attention; rows past the count are zeros.

_Static_assert(RECURRENCE_CHUNK == sequence_queries, "blocks of pairs have one layout");

/// Rows of `width` elements as [32, sixteens(width)], zeros past the count.
static void copy_chunk(const float *from, size_t stride, size_t count, size_t width, float *out) {
  copy_rows(from, stride, count, width, out);
  memset(out + count * sixteens(width), 0, (chunk_rows - count) * sixteens(width) * sizeof(float));
}

static void fetch_chunk(const recurrence_chunk *c, const chunk_scratch *w) {
  copy_chunk(c->queries, c->queryStride, c->count, c->keyWidth, w->queries);
  copy_chunk(c->keys, c->keyStride, c->count, c->keyWidth, w->keys);
  copy_chunk(c->values, c->valueStride, c->count, c->valueWidth, w->values);
  copy_chunk(c->outputGradients, c->outputGradientStride, c->count, c->valueWidth, w->gradients);
  turn_rows(w->queries, w->key, chunk_rows, c->keyWidth, chunk_rows, w->turnedQueries);
  turn_rows(w->keys, w->key, chunk_rows, c->keyWidth, chunk_rows, w->turnedKeys);
  turn_rows(w->gradients, w->value, chunk_rows, c->valueWidth, chunk_rows, w->turnedGradients);
  memset(w->state, 0, w->key * w->value * sizeof(float));
  memset(w->after, 0, w->key * w->value * sizeof(float));
  copy_rows(c->state, c->valueWidth, c->keyWidth, c->valueWidth, w->state);
  copy_rows(c->stateGradient, c->valueWidth, c->keyWidth, c->valueWidth, w->after);
  turn_rows(w->state, w->value, w->key, c->valueWidth, w->key, w->turnedState);
  turn_rows(w->after, w->value, w->key, c->valueWidth, w->key, w->turnedAfter);
}

/// F [s, t], 1 where s = t and 0 where s > t, and exp(c[t]). A logarithm below -1000 fades all, as -1000 does.
static void fade_chunk(const recurrence_chunk *c, float *fades, float *fromStart) {
  double sums[chunk_rows], sum = 0;
  for (size_t t = 0; t < chunk_rows; t++) {
    const float decay = t < c->count ? c->decays[t * c->decayStride] : 0;
    sum += decay < -1000 ? -1000 : (double)decay;
    sums[t] = sum;
  }
  float row[chunk_rows];
  for (size_t s = 0; s <= chunk_rows; s++) {
    for (size_t t = 0; t < chunk_rows; t++) {
      const double start = s < chunk_rows ? sums[s] : 0;
      row[t] = s < chunk_rows && s > t ? -INFINITY : (float)(sums[t] - start);
    }
    float *out = s < chunk_rows ? fades + s * chunk_rows : fromStart;
    for (size_t t = 0; t < chunk_rows; t += 16) store(out + t, exp_of(load(row + t)));
  }
}

/// Multiplies pairs by F; where `isStrict`, a row does not meet itself.
static void fade_pairs(const float *fades, int isStrict, float sign, float *pairs) {
  for (size_t at = 0; at < chunk_rows * chunk_rows; at += 16) {
    store(pairs + at, load(pairs + at) * load(fades + at) * sign);
  }
  for (size_t s = 0; isStrict && s < chunk_rows; s++) pairs[s * chunk_rows + s] = 0;
}

/// rows[t] *= factors[t * stride], for rows of `width` floats.
static void scale_chunk(const float *factors, size_t stride, size_t width, float *rows) {
  for (size_t t = 0; t < chunk_rows; t++) {
    float *row = rows + t * width;
    for (size_t i = 0; i < width; i += 16) store(row + i, load(row + i) * factors[t * stride]);
  }
}

/// sums[r] += sign * sum over s < r <= t of pairs[s, t] slopes[s, t].
static void cross_rows(const float *pairs, const float *slopes, float sign, float *sums) {
  float columns[chunk_rows] = {0};
  for (size_t r = 1; r < chunk_rows; r++) {
    const size_t row = (r - 1) * chunk_rows;
    for (size_t t = 0; t < chunk_rows; t++) columns[t] += pairs[row + t] * slopes[row + t];
    float sum = 0;
    for (size_t t = r; t < chunk_rows; t++) sum += columns[t];
    sums[r] += sign * sum;
  }
}

static float chunk_dot(const float *x, const float *y, size_t width) {
  f32x16 sum = fill(0);
  for (size_t i = 0; i < width; i += 16) sum = multiply_add(load(x + i), load(y + i), sum);
  return sum_lanes(sum);
}

/// row -= sum over the `count` rows s of pairs[s * stride] rows[s].
static void subtract_rows(const float *pairs, size_t stride, const float *rows, size_t count, size_t width,
                          float *row) {
  for (size_t i = 0; i < width; i += 16) {
    f32x16 even = load(row + i), odd = fill(0);
    size_t s = 0;
    for (; s + 2 <= count; s += 2) {
      even = multiply_add(fill(-pairs[s * stride]), load(rows + s * width + i), even);
      odd = multiply_add(fill(-pairs[(s + 1) * stride]), load(rows + (s + 1) * width + i), odd);
    }
    if (s < count) even = multiply_add(fill(-pairs[s * stride]), load(rows + s * width + i), even);
    store(row + i, even + odd);
  }
}

static void scale_row(float factor, const float *from, size_t width, float *to) {
  for (size_t i = 0; i < width; i += 16) store(to + i, load(from + i) * factor);
}

/// What the chunk takes in, u, and for the delta rule e.
static void take_in(const recurrence_chunk *c, const chunk_scratch *w, const float *fromStart) {
  const size_t value = w->value;
  if (!c->rates) {
    memcpy(w->added, w->values, chunk_rows * value * sizeof(float));
    return;
  }
  memset(w->added, 0, chunk_rows * value * sizeof(float));
  block_product(w->turnedKeys, chunk_rows, w->state, value, chunk_rows, value, c->keyWidth, 0, w->errors, value);
  for (size_t t = 0; t < c->count; t++) {
    float *error = w->errors + t * value;
    for (size_t i = 0; i < value; i += 16) {
      store(error + i, multiply_add(fill(-fromStart[t]), load(error + i), load(w->values + t * value + i)));
    }
    subtract_rows(w->known + t, chunk_rows, w->added, t, value, error);
    scale_row(c->rates[t * c->rateStride], error, value, w->added + t * value);
  }
}

/// Gradients by u and by e; `ends` become what S after gains by each F[s, n].
static void added_slopes(const recurrence_chunk *c, const chunk_scratch *w, float *ends) {
  const size_t value = w->value, last = chunk_rows - 1;
  block_product(w->turnedKeys, chunk_rows, w->after, value, chunk_rows, value, c->keyWidth, 0, w->addedSlopes, value);
  scale_chunk(w->fades + last, chunk_rows, value, w->addedSlopes);
  for (size_t s = 0; s < c->count; s++) ends[s] = chunk_dot(w->added + s * value, w->addedSlopes + s * value, value);
  block_product(w->seen, 1, w->gradients, value, chunk_rows, value, chunk_rows, 1, w->addedSlopes, value);
  if (!c->rates) return;
  memset(w->errorSlopes, 0, chunk_rows * value * sizeof(float));
  for (size_t s = c->count; s-- > 0;) {
    const float *later = w->errorSlopes + (s + 1) * value;
    subtract_rows(w->known + s * chunk_rows + s + 1, 1, later, c->count - s - 1, value, w->addedSlopes + s * value);
    scale_row(c->rates[s * c->rateStride], w->addedSlopes + s * value, value, w->errorSlopes + s * value);
  }
  turn_rows(w->errorSlopes, value, chunk_rows, c->valueWidth, chunk_rows, w->turnedErrorSlopes);
}

/// Gradients by the pairs' products k.q and k.k; what pairs gain by F is added to `crossings` of the rows that it
/// fades through.
static void pair_slopes(const recurrence_chunk *c, const chunk_scratch *w, float *crossings) {
  block_product(w->turnedAdded, chunk_rows, w->turnedGradients, chunk_rows, chunk_rows, chunk_rows, c->valueWidth, 0,
                w->seenSlopes, chunk_rows);
  cross_rows(w->seen, w->seenSlopes, 1, crossings);
  fade_pairs(w->fades, 0, 1, w->seenSlopes);
  if (!c->rates) return;
  block_product(w->turnedAdded, chunk_rows, w->turnedErrorSlopes, chunk_rows, chunk_rows, chunk_rows, c->valueWidth, 0,
                w->knownSlopes, chunk_rows);
  cross_rows(w->known, w->knownSlopes, -1, crossings);
  fade_pairs(w->fades, 1, -1, w->knownSlopes);
}

/// Gradients by queries and keys; `reads` become what rows gain by exp(c[t]) of S.
static void key_slopes(const recurrence_chunk *c, const chunk_scratch *w, const float *fromStart, float *reads) {
  const size_t key = w->key, rows = chunk_rows, last = chunk_rows - 1;
  block_product(w->turnedGradients, rows, w->turnedState, key, rows, key, c->valueWidth, 0, w->querySums, key);
  scale_chunk(fromStart, 1, key, w->querySums);
  for (size_t t = 0; t < c->count; t++) reads[t] = chunk_dot(w->queries + t * key, w->querySums + t * key, key);
  block_product(w->seenSlopes, rows, w->keys, key, rows, key, rows, 1, w->querySums, key);
  block_product(w->turnedAdded, rows, w->turnedAfter, key, rows, key, c->valueWidth, 0, w->keySums, key);
  scale_chunk(w->fades + last, rows, key, w->keySums);
  block_product(w->seenSlopes, 1, w->queries, key, rows, key, rows, 1, w->keySums, key);
  if (!c->rates) return;
  block_product(w->knownSlopes, 1, w->keys, key, rows, key, rows, 1, w->keySums, key);
  block_product(w->knownSlopes, rows, w->keys, key, rows, key, rows, 1, w->keySums, key);
  block_product(w->turnedErrorSlopes, rows, w->turnedState, key, rows, key, c->valueWidth, 0, w->products, key);
  for (size_t t = 0; t < c->count; t++) {
    reads[t] -= fromStart[t] * chunk_dot(w->keys + t * key, w->products + t * key, key);
    for (size_t i = t * key; i < (t + 1) * key; i += 16) {
      store(w->keySums + i, multiply_add(fill(-fromStart[t]), load(w->products + i), load(w->keySums + i)));
    }
  }
}

static void give_key_slopes(const recurrence_chunk *c, size_t t, const float *sums, float *gradients) {
  float *out = gradients + t * c->gradientStride;
  for (size_t i = 0; i < c->keyWidth; i += 16) {
    const size_t part = c->keyWidth - i < 16 ? c->keyWidth - i : 0;
    if (c->adds) add_to(out + i, load(sums + i), part);
    else write(out + i, load(sums + i), part);
  }
}

/// Writes all gradients of rows but those by decays.
static void give_slopes(const recurrence_chunk *c, const chunk_scratch *w) {
  const size_t value = w->value;
  for (size_t t = 0; t < c->count; t++) {
    const float *slopes = w->addedSlopes + t * value;
    give_key_slopes(c, t, w->querySums + t * w->key, c->queryGradients);
    give_key_slopes(c, t, w->keySums + t * w->key, c->keyGradients);
    const float *values = c->rates ? w->errorSlopes + t * value : slopes;
    memcpy(c->valueGradients + t * c->gradientStride, values, c->valueWidth * sizeof(float));
    if (c->rates) c->rateGradients[t * c->gradientStride] = chunk_dot(w->errors + t * value, slopes, value);
  }
}

/// A row's decay fades what it and later rows read of S, pairs on either side of it, what S after has of earlier
/// rows, and what it has of S: `through`.
static void give_decay_slopes(const recurrence_chunk *c, const float *reads, const float *crossings, const float *ends,
                              float through) {
  float later[chunk_rows], sum = through, earlier = 0;
  for (size_t t = c->count; t-- > 0;) later[t] = sum += reads[t];
  for (size_t t = 0; t < c->count; t++) {
    c->decayGradients[t * c->gradientStride] = later[t] + crossings[t] + earlier;
    earlier += ends[t];
  }
}

/// The gradient by S before the rows.
static void give_state_slopes(const recurrence_chunk *c, const chunk_scratch *w, float *fromStart) {
  const size_t key = w->key, value = w->value;
  for (size_t i = 0; i < key * value; i += 16) store(w->after + i, load(w->after + i) * fromStart[chunk_rows - 1]);
  scale_chunk(fromStart, 1, key, w->queries);
  block_product(w->queries, key, w->gradients, value, c->keyWidth, value, chunk_rows, 1, w->after, value);
  if (c->rates) {
    for (size_t t = 0; t < chunk_rows; t++) fromStart[t] = -fromStart[t];
    scale_chunk(fromStart, 1, key, w->keys);
    block_product(w->keys, key, w->errorSlopes, value, c->keyWidth, value, chunk_rows, 1, w->after, value);
  }
  write_rows(w->after, c->keyWidth, c->valueWidth, c->stateGradient, c->valueWidth);
}

static void VECTOR_NAME(recurrence_chunk)(const recurrence_chunk *c, float *scratch) {
  chunk_scratch w;
  float fromStart[chunk_rows];
  chunk_scratch_at(c->keyWidth, c->valueWidth, scratch, &w);
  fetch_chunk(c, &w);
  fade_chunk(c, w.fades, fromStart);
  block_product(w.turnedKeys, chunk_rows, w.turnedQueries, chunk_rows, chunk_rows, chunk_rows, c->keyWidth, 0, w.seen,
                chunk_rows);
  fade_pairs(w.fades, 0, 1, w.seen);
  if (c->rates) {
    block_product(w.turnedKeys, chunk_rows, w.turnedKeys, chunk_rows, chunk_rows, chunk_rows, c->keyWidth, 0, w.known,
                  chunk_rows);
    fade_pairs(w.fades, 1, 1, w.known);
  }
  take_in(c, &w, fromStart);
  turn_rows(w.added, w.value, chunk_rows, c->valueWidth, chunk_rows, w.turnedAdded);
  float reads[chunk_rows] = {0}, crossings[chunk_rows] = {0}, ends[chunk_rows] = {0}, through = 0;
  for (size_t i = 0; i < w.key; i++) through += chunk_dot(w.state + i * w.value, w.after + i * w.value, w.value);
  added_slopes(c, &w, ends);
  pair_slopes(c, &w, crossings);
  key_slopes(c, &w, fromStart, reads);
  give_slopes(c, &w);
  give_decay_slopes(c, reads, crossings, ends, through * fromStart[chunk_rows - 1]);
  give_state_slopes(c, &w, fromStart);
}

const recurrence_gradient_kernels VECTOR_NAME(recurrence_gradient_kernels) = {
    .name = VECTOR_LABEL,
    .features = PRODUCT_FEATURES,
    .chunk = VECTOR_NAME(recurrence_chunk),
};
