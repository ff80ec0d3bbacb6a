#pragma once

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// The most rows that one call takes.
enum { RECURRENCE_CHUNK = 32 };

/// Consecutive rows of one head of a recurrent state S [keyWidth, valueWidth], backward; strides are in floats.
typedef struct {
  const float *queries;  // [count, keyWidth]
  const float *keys;     // [count, keyWidth]
  const float *values;   // [count, valueWidth]
  const float *decays;   // [count] natural logarithms
  const float *_Nullable rates;  // [count]; NULL: S takes in values as they are, not what it did not know of them
  const float *outputGradients;  // [count, valueWidth]
  size_t queryStride;
  size_t keyStride;
  size_t valueStride;
  size_t decayStride;
  size_t rateStride;
  size_t outputGradientStride;
  size_t keyWidth;
  size_t valueWidth;
  size_t count;  // at most RECURRENCE_CHUNK
  const float *state;    // [keyWidth, valueWidth] before the rows
  float *stateGradient;  // [keyWidth, valueWidth], by S after the rows; then by S before them
  float *queryGradients;
  float *keyGradients;
  float *valueGradients;
  float *decayGradients;
  float *_Nullable rateGradients;
  size_t gradientStride;  // of all gradients
  int adds;               // gradients by queries and keys are added to what is there
} recurrence_chunk;

/// Gradients of the recurrences of recurrence.h by chunks of rows: products between the chunk's rows and with S.
typedef struct {
  const char *name;
  uint32_t features;  // CPU_*, all needed
  void (*chunk)(const recurrence_chunk *chunk, float *scratch);
} recurrence_gradient_kernels;

/// Kernels number `index` of this build, better ones later; NULL past the last.
const recurrence_gradient_kernels *_Nullable recurrence_gradient_kernels_at(size_t index);

/// Floats of scratch for a call.
size_t recurrence_gradient_scratch_floats(size_t keyWidth, size_t valueWidth);

#pragma clang assume_nonnull end
