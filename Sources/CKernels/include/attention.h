#pragma once

#include <stddef.h>
#include <stdint.h>

#include "vector_isa.h"

#pragma clang assume_nonnull begin

/// Positions that share a softmax step, and positions that share a partial result; both start at multiples of themselves.
enum { ATTENTION_BLOCK = 64, ATTENTION_SPAN = 512 };

/// Kept rows of one key/value head, and rows of this step that are not among them yet.
typedef struct {
  /// In tiles, as cache_append stores them.
  const void *keys;
  const void *values;
  /// Whether values were stored as keys: they are columns of what serves as keys too.
  int valuesAreKeys;
  /// Kept rows, a multiple of 16: position p is row p % rows.
  size_t rows;
  /// Elements of a kept row; queries and outputs may meet a part of it.
  size_t keyWidth;
  size_t valueWidth;
  /// Rows of positions from `firstNew`, as cache_store writes them; read instead of kept rows.
  const void *_Nullable newKeys;
  const void *_Nullable newValues;
  long firstNew;
  size_t newKeyStride;  // bytes between positions
  size_t newValueStride;
} attention_memory;

/// One query row of one key/value head: `groupHeads` query heads that share its keys and values. All visible positions
/// have rows in `memory`.
typedef struct {
  const float *query;
  size_t queryStride;  // floats between the group's heads
  size_t groupHeads;
  attention_memory memory;
  uint32_t format;  // GGUF type ids as for cache_row_bytes
  size_t keyOffset;  // first column of the kept keys; a multiple of 32 in block formats
  size_t keyWidth;
  size_t valueOffset;
  size_t valueWidth;
  long firstVisible;  // absolute positions, both inclusive, not negative
  long lastVisible;
  float scale;
  float softcap;                 // softcap * tanh(score / softcap) after the scale; 0 for none
  const float *_Nullable sinks;  // one more logit for each head in the softmax's denominator
  float *output;
  size_t outputStride;  // floats between the group's heads
  void *scratch;        // any alignment; see scratch_bytes
} attention_row;

/// What differs between query rows that share memory and shape.
typedef struct {
  const float *query;
  float *output;
  long firstVisible;
  long lastVisible;
} attention_query;

/// A row's result is a fold, in order of position, over partial results of spans of ATTENTION_SPAN positions, each an
/// online softmax over blocks: the same bits however rings, calls and threads divide the work. In block formats
/// products are sums of integers: queries are rounded to 8 bits in blocks of 32, and weights times the values' scales to
/// 14 bits in blocks of 64 positions, all with float32 scales.
typedef struct {
  const char *name;

  /// Softmax(scale * q . k) . v of one row; zeros where nothing is visible and there is no sink.
  void (*attention)(const attention_row *row);

  /// The same for `count` rows, each with the bits of a call of its own. Keys and values are converted once for a tile
  /// of rows. The row fields `query`, `output`, `firstVisible` and `lastVisible` of `shared` are not read.
  void (*attention_rows)(const attention_row *shared, const attention_query *rows, size_t count);

  /// Partial results of spans first ..< first + count of the row (counted from its first visible span) into
  /// `partials + span * attention_partial_floats`, for threads that share one row.
  void (*attention_partials)(const attention_row *row, size_t first, size_t count, float *partials);

  /// Folds all of a row's partial results into its output.
  void (*attention_merge)(const attention_row *row, const float *partials);

  /// Scaled and capped scores of one head of the group for positions first ..< first + count; -infinity where masked.
  void (*attention_scores)(const attention_row *row, size_t head, long first, size_t count, float *scores);

  /// out[valueWidth] = sum of weights[i] * value(first + i), all positions being visible.
  void (*attention_mix)(const attention_row *row, const float *weights, long first, size_t count, float *out);
} attention_kernels;

/// The kernels of an instruction set, or of the baseline where it is not available.
const attention_kernels *attention_kernels_for(vector_isa isa);

/// Scratch bytes of every call for up to `rows` rows; the same for any number of positions.
size_t attention_scratch_bytes(const attention_row *row, size_t rows);

/// Spans that the row's visible positions touch.
size_t attention_span_count(const attention_row *row);

/// Floats of one span's partial result.
size_t attention_partial_floats(const attention_row *row);

#pragma clang assume_nonnull end
