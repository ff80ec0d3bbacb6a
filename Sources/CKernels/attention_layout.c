#include "attention_layout.h"

size_t attention_scratch_bytes(const attention_row *row, size_t rows) {
  attention_workspace w;
  return (size_t)((uintptr_t)attention_workspace_at(row, rows, (float *)64, &w) - 64) + 64;
}

size_t attention_span_count(const attention_row *row) {
  if (row->lastVisible < row->firstVisible) return 0;
  return (size_t)(row->lastVisible / ATTENTION_SPAN - row->firstVisible / ATTENTION_SPAN + 1);
}

size_t attention_partial_floats(const attention_row *row) { return row->groupHeads * attention_record(row); }
