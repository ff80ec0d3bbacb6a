#pragma once

#include "attention.h"

// How a call's scratch is laid out; the same for every instruction set. Sizes are in floats.

enum { ATTENTION_TILE_QUERIES = 64 };

/// Rows and their heads that a call works on at once; `queries = rows * heads`.
typedef struct {
  size_t heads;
  size_t rows;
  size_t queryStride;
  size_t valueWidth;  // rounded up to 16
  size_t record;      // floats of a partial result: values, maximum, sum, padding
  float *queries;     // [queries, queryStride] floats, or integers for keys in block formats
  float *keys;        // [4, keyWidth, 16]
  float *values;      // [64, valueWidth]
  float *newKeys;     // four tiles as stored
  float *newValues;
  float *turned;      // four tiles of values made from keys
  float *scores;      // [queries, 64]
  float *weighted;    // [queries, 48] words: rounded weights for a block of columns
  float *span;        // [queries, record]
  float *total;       // [queries, record]
} attention_workspace;

static inline size_t attention_padded(size_t width) { return (width + 15) / 16 * 16; }

/// Rows of one tile: as many as give about 64 queries.
static inline size_t attention_tile_rows(const attention_row *row, size_t rows) {
  const size_t most = row->groupHeads >= ATTENTION_TILE_QUERIES ? 1 : ATTENTION_TILE_QUERIES / row->groupHeads;
  return rows < most ? rows : most;
}

static inline size_t attention_record(const attention_row *row) { return attention_padded(row->valueWidth) + 16; }

/// The parts of a workspace from `base` and its end.
static inline float *attention_workspace_at(const attention_row *row, size_t rows, float *base, attention_workspace *w) {
  w->heads = row->groupHeads;
  w->rows = attention_tile_rows(row, rows);
  w->queryStride = (row->keyWidth + 31) / 32 * 32;
  w->valueWidth = attention_padded(row->valueWidth);
  w->record = attention_record(row);
  const size_t queries = w->rows * w->heads;
  w->queries = base;
  w->keys = w->queries + queries * w->queryStride;
  w->values = w->keys + ATTENTION_BLOCK * w->queryStride;
  w->scores = w->values + ATTENTION_BLOCK * w->valueWidth;
  w->weighted = w->scores + queries * ATTENTION_BLOCK;
  w->span = w->weighted + queries * 48;
  w->total = w->span + queries * w->record;
  w->newKeys = w->total + queries * w->record;
  // A stored row takes at most four bytes an element of whole blocks.
  w->newValues = w->newKeys + ATTENTION_BLOCK * ((row->memory.keyWidth + 31) / 32 * 32);
  w->turned = w->newValues + ATTENTION_BLOCK * ((row->memory.valueWidth + 31) / 32 * 32);
  return w->turned + (row->memory.valuesAreKeys ? ATTENTION_BLOCK * ((row->memory.valueWidth + 31) / 32 * 32) : 0);
}

static inline float *attention_aligned(void *scratch) { return (float *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63); }
