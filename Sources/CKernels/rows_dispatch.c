#include "cpu.h"
#include "rows_variants.h"

int vector_isa_available(vector_isa isa) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  switch (isa) {
    case VECTOR_ISA_BASELINE: return 1;
    case VECTOR_ISA_AVX2: return avx2;
    case VECTOR_ISA_AVX512:
      return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case VECTOR_ISA_DOT: return vector_isa_available(VECTOR_ISA_AVX512) && __builtin_cpu_supports("avx512vnni");
  }
  return 0;
#else
  return isa == VECTOR_ISA_BASELINE || (isa == VECTOR_ISA_DOT && (cpu_features() & CPU_DOTPROD));
#endif
}

vector_isa vector_isa_best(void) {
  if (vector_isa_available(VECTOR_ISA_DOT)) return VECTOR_ISA_DOT;
  if (vector_isa_available(VECTOR_ISA_AVX512)) return VECTOR_ISA_AVX512;
  return vector_isa_available(VECTOR_ISA_AVX2) ? VECTOR_ISA_AVX2 : VECTOR_ISA_BASELINE;
}

#if defined(__x86_64__)
#define CHOOSE_TABLE(family, isa)                                            \
  if (vector_isa_available(isa)) {                                           \
    if ((isa) >= VECTOR_ISA_AVX512) return &family##__avx512;                \
    if ((isa) == VECTOR_ISA_AVX2) return &family##__avx2;                    \
  }                                                                          \
  return &family##__baseline
#else
#define CHOOSE_TABLE(family, isa) \
  (void)(isa);                    \
  return &family##__baseline
#endif

const row_kernels *row_kernels_for(vector_isa isa) { CHOOSE_TABLE(row_kernels, isa); }
const attention_kernels *attention_kernels_for(vector_isa isa) {
  if (isa == VECTOR_ISA_DOT && vector_isa_available(isa)) return &attention_kernels__dot;
  CHOOSE_TABLE(attention_kernels, isa);
}
const recurrence_kernels *recurrence_kernels_for(vector_isa isa) { CHOOSE_TABLE(recurrence_kernels, isa); }
const training_kernels *training_kernels_for(vector_isa isa) { CHOOSE_TABLE(training_kernels, isa); }
