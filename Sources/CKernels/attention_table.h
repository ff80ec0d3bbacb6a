#pragma once

#include "attention_blocks.h"

// Attention's entry points and the table of one instruction set.

static void copy_query(const attention_row *row, const float *query, attention_workspace *w, size_t first) {
  for (size_t h = 0; h < w->heads; h++) {
    float *out = w->queries + (first + h) * w->queryStride;
    if (cache_is_blocks(row->format)) round_query(row->format, query + h * row->queryStride, row->keyWidth, out);
    else memcpy(out, query + h * row->queryStride, row->keyWidth * sizeof(float));
  }
}

VECTOR_INLINE attention_workspace workspace_of(const attention_row *row, size_t rows) {
  attention_workspace w;
  attention_workspace_at(row, rows, attention_aligned(row->scratch), &w);
  return w;
}

/// The tile's partial results of one span.
static void attend_span(const attention_row *row, const attention_query *rows, size_t count, attention_workspace *w,
                        long span) {
  long first = (span + 1) * ATTENTION_SPAN, last = -1;
  for (size_t t = 0; t < count; t++) {
    const visible_range r = visible_in(&rows[t], span * ATTENTION_SPAN, ATTENTION_SPAN);
    if (r.first == r.last) continue;
    if (span * ATTENTION_SPAN + r.first < first) first = span * ATTENTION_SPAN + r.first;
    if (span * ATTENTION_SPAN + r.last - 1 > last) last = span * ATTENTION_SPAN + r.last - 1;
  }
  for (size_t q = 0; q < count * w->heads; q++) empty_record(w->span + q * w->record, w->valueWidth);
  for (long block = first / ATTENTION_BLOCK; block <= last / ATTENTION_BLOCK && last >= 0; block++) {
    attend_block(row, rows, count, w, block * ATTENTION_BLOCK);
  }
}

static void attend_tile(const attention_row *row, const attention_query *rows, size_t count, attention_workspace *w) {
  long first = -1, last = -1;
  for (size_t t = 0; t < count; t++) {
    copy_query(row, rows[t].query, w, t * w->heads);
    if (rows[t].lastVisible < rows[t].firstVisible) continue;
    if (first < 0 || rows[t].firstVisible < first) first = rows[t].firstVisible;
    if (rows[t].lastVisible > last) last = rows[t].lastVisible;
  }
  for (size_t q = 0; q < count * w->heads; q++) empty_record(w->total + q * w->record, w->valueWidth);
  for (long span = first / ATTENTION_SPAN; span <= last / ATTENTION_SPAN && first >= 0; span++) {
    attend_span(row, rows, count, w, span);
    for (size_t q = 0; q < count * w->heads; q++) {
      merge_record(w->total + q * w->record, w->span + q * w->record, w->valueWidth);
    }
  }
  for (size_t t = 0; t < count; t++) {
    for (size_t h = 0; h < w->heads; h++) {
      finish_record(row, w->total + (t * w->heads + h) * w->record, w->valueWidth, h,
                    rows[t].output + h * row->outputStride);
    }
  }
}

static void VECTOR_NAME(attention_rows)(const attention_row *shared, const attention_query *rows, size_t count) {
  attention_workspace w = workspace_of(shared, count);
  for (size_t t = 0; t < count; t += w.rows) attend_tile(shared, rows + t, count - t < w.rows ? count - t : w.rows, &w);
}

VECTOR_INLINE attention_query only_query(const attention_row *row) {
  return (attention_query){row->query, row->output, row->firstVisible, row->lastVisible};
}

static void VECTOR_NAME(attention)(const attention_row *row) {
  const attention_query query = only_query(row);
  VECTOR_NAME(attention_rows)(row, &query, 1);
}

static void VECTOR_NAME(attention_partials)(const attention_row *row, size_t first, size_t count, float *partials) {
  attention_workspace w = workspace_of(row, 1);
  const attention_query query = only_query(row);
  copy_query(row, row->query, &w, 0);
  for (size_t s = first; s < first + count; s++) {
    w.span = partials + s * w.heads * w.record;
    attend_span(row, &query, 1, &w, row->firstVisible / ATTENTION_SPAN + (long)s);
  }
}

static void VECTOR_NAME(attention_merge)(const attention_row *row, const float *partials) {
  attention_workspace w = workspace_of(row, 1);
  const size_t spans = attention_span_count(row);
  for (size_t h = 0; h < w.heads; h++) {
    empty_record(w.total, w.valueWidth);
    for (size_t s = 0; s < spans; s++) merge_record(w.total, partials + (s * w.heads + h) * w.record, w.valueWidth);
    finish_record(row, w.total, w.valueWidth, h, row->output + h * row->outputStride);
  }
}

static void VECTOR_NAME(attention_scores)(const attention_row *row, size_t head, long first, size_t count,
                                          float *scores) {
  attention_workspace w = workspace_of(row, 1);
  const attention_query query = only_query(row);
  copy_query(row, row->query, &w, 0);
  const long last = first + (long)count;
  for (long base = first / ATTENTION_BLOCK * ATTENTION_BLOCK; base < last; base += ATTENTION_BLOCK) {
    const visible_range r = visible_in(&query, base, ATTENTION_BLOCK);
    if (r.first < r.last) {
      const attention_block_view keys = stored_tiles(row, 1, base, r, w.newKeys);
      score_queries(1, w.queries + head * w.queryStride, w.queryStride, row->keyWidth, &keys, r.first / CACHE_TILE,
                    (r.last + CACHE_TILE - 1) / CACHE_TILE, w.scores);
      for (int g = 0; g < 4; g++) store(w.scores + 16 * g, capped(load(w.scores + 16 * g), row->scale, row->softcap));
    }
    for (long i = base > first ? base : first; i < base + ATTENTION_BLOCK && i < last; i++) {
      scores[i - first] = i - base >= r.first && i - base < r.last ? w.scores[i - base] : -INFINITY;
    }
  }
}

static void VECTOR_NAME(attention_mix)(const attention_row *row, const float *weights, long first, size_t count,
                                       float *out) {
  attention_row one = *row;
  one.groupHeads = 1;
  attention_workspace w = workspace_of(&one, 1);
  const long last = first + (long)count;
  const attention_query query = {row->query, out, first, last - 1};
  memset(w.total, 0, w.valueWidth * sizeof(float));
  for (long base = first / ATTENTION_BLOCK * ATTENTION_BLOCK; base < last; base += ATTENTION_BLOCK) {
    if (base % ATTENTION_SPAN == 0 || base <= first) memset(w.span, 0, w.valueWidth * sizeof(float));
    const visible_range r = visible_in(&query, base, ATTENTION_BLOCK);
    for (int i = r.first; i < r.last; i++) w.scores[i] = weights[base + i - first];
    mix_block(&one, &query, 1, &w, base, r);
    if ((base + ATTENTION_BLOCK) % ATTENTION_SPAN != 0 && base + ATTENTION_BLOCK < last) continue;
    for (size_t i = 0; i < w.valueWidth; i += 16) store(w.total + i, load(w.total + i) + load(w.span + i));
  }
  memcpy(out, w.total, row->valueWidth * sizeof(float));
}

const attention_kernels VECTOR_NAME(attention_kernels) = {
    .name = VECTOR_LABEL,
    .attention = VECTOR_NAME(attention),
    .attention_rows = VECTOR_NAME(attention_rows),
    .attention_partials = VECTOR_NAME(attention_partials),
    .attention_merge = VECTOR_NAME(attention_merge),
    .attention_scores = VECTOR_NAME(attention_scores),
    .attention_mix = VECTOR_NAME(attention_mix),
};
