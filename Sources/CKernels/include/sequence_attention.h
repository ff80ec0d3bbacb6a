#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dropout.h"

#pragma clang assume_nonnull begin

/// Softmax attention of whole sequences, each a run of rows from position 0; a row sees rows of its own sequence up to itself.
/// Strides are floats between rows; heads lie side by side in a row, each as wide as its elements.
typedef struct {
  const float *queries;  // [T, heads, keyWidth]
  const float *keys;     // [T, keyHeads, keyWidth]
  const float *values;   // [T, keyHeads, valueWidth]
  size_t queryRow;
  size_t keyRow;
  size_t valueRow;
  size_t heads;  // a multiple of keyHeads: head h reads key head h / (heads / keyHeads)
  size_t keyHeads;
  size_t keyWidth;
  size_t valueWidth;
  size_t window;  // a row sees the last so many positions; 0: all
  size_t chunk;   // a row sees positions of the same run of so many; 0: all
  float scale;
  float softcap;                 // softcap * tanh(score / softcap) after the scale; 0 for none
  const float *_Nullable sinks;  // [heads], one more logit in the softmax's denominator
  const int32_t *_Nullable dropoutKeys;  // [T], one of each row's own; NULL for no dropout of weights
  dropout_mask dropout;          // of head h with salt + h, by a key's position
  float *outputs;                // [T, heads, valueWidth]
  size_t outputRow;
  float *logSums;  // [T, heads], logarithm of the softmax's denominator; written forward, read backward

  // Backward only; gradients are overwritten.
  const float *_Nullable outputGradients;  // [T, heads, valueWidth]
  size_t outputGradientRow;
  float *_Nullable queryGradients;
  size_t queryGradientRow;
  float *_Nullable keyGradients;
  size_t keyGradientRow;
  float *_Nullable valueGradients;
  size_t valueGradientRow;
} sequence_attention;

/// Queries that one call of `forward` should take.
enum { SEQUENCE_QUERIES = 128 };

/// The pattern is made a block at a time and never stored; backward makes it again from the logarithms of its sums.
typedef struct {
  const char *name;
  uint32_t features;  // CPU_*, all needed

  /// Outputs and logSums of one head for `queryCount` (at most SEQUENCE_QUERIES) positions from `firstQuery` of the sequence
  /// of `count` rows from row `start`.
  void (*forward)(const sequence_attention *attention, size_t start, size_t count, size_t head, size_t firstQuery,
                  size_t queryCount, float *scratch);

  /// Gradients of one key head and of the heads that read it, over the whole sequence. sinkGradients[heads]: those heads'
  /// elements are overwritten with the sequence's share.
  void (*backward)(const sequence_attention *attention, size_t start, size_t count, size_t keyHead,
                   float *_Nullable sinkGradients, float *scratch);
} sequence_attention_kernels;

/// Kernels number `index` of this build, better ones later; NULL past the last.
const sequence_attention_kernels *_Nullable sequence_attention_kernels_at(size_t index);

/// Floats of scratch for either call.
size_t sequence_attention_scratch_floats(const sequence_attention *attention);

#pragma clang assume_nonnull end
