#pragma once

#include "recurrence_gradient.h"

enum { chunk_rows = RECURRENCE_CHUNK };

/// What one chunk of one head keeps beside its operands.
typedef struct {
  size_t key;    // keyWidth rounded up to sixteens
  size_t value;  // valueWidth, likewise
  float *queries, *keys;                          // [32, key]
  float *turnedQueries, *turnedKeys;              // [keyWidth, 32]
  float *values, *errors, *added, *gradients;     // [32, value]: v, e, u, do
  float *addedSlopes, *errorSlopes;               // [32, value]: gradients by u and e
  float *turnedAdded, *turnedGradients, *turnedErrorSlopes;  // [valueWidth, 32]
  float *state, *after;                           // [key, value]: S, the gradient by S after
  float *turnedState, *turnedAfter;               // [valueWidth, key]
  float *querySums, *keySums, *products;          // [32, key]
  float *fades, *known, *seen, *knownSlopes, *seenSlopes;  // [32, 32]: F; F (k.k), F (k.q), and gradients by k.k, k.q
} chunk_scratch;

/// Hands out scratch, where there is some; returns the floats that it takes.
static inline size_t chunk_scratch_at(size_t keyWidth, size_t valueWidth, float *scratch, chunk_scratch *w) {
  const size_t key = (keyWidth + 15) / 16 * 16, value = (valueWidth + 15) / 16 * 16, rows = chunk_rows;
  size_t taken = 0;
  w->key = key;
  w->value = value;
#define TAKE(count, ...)                                              \
  do {                                                                \
    float **const places[] = {__VA_ARGS__};                           \
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {   \
      if (scratch) *places[i] = scratch + taken;                      \
      taken += (count);                                               \
    }                                                                 \
  } while (0)
  TAKE(rows * key, &w->queries, &w->keys, &w->turnedQueries, &w->turnedKeys, &w->querySums, &w->keySums, &w->products);
  TAKE(rows * value, &w->values, &w->errors, &w->added, &w->gradients, &w->addedSlopes, &w->errorSlopes);
  TAKE(rows * value, &w->turnedAdded, &w->turnedGradients, &w->turnedErrorSlopes);
  TAKE(key * value, &w->state, &w->after, &w->turnedState, &w->turnedAfter);
  TAKE(rows * rows, &w->fades, &w->known, &w->seen, &w->knownSlopes, &w->seenSlopes);
#undef TAKE
  return taken + 16;
}
