#include "cpu.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <stddef.h>
#include <sys/sysctl.h>
static int sysctl_flag(const char *name) {
  int value = 0;
  size_t size = sizeof value;
  return sysctlbyname(name, &value, &size, NULL, 0) == 0 && value != 0;
}
#endif

uint32_t cpu_features(void) {
  uint32_t features = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) features |= CPU_AVX2;
  if (__builtin_cpu_supports("fma")) features |= CPU_FMA;
  if (__builtin_cpu_supports("f16c")) features |= CPU_F16C;
  if (__builtin_cpu_supports("avx512f")) features |= CPU_AVX512F;
  if (__builtin_cpu_supports("avx512bw")) features |= CPU_AVX512BW;
  if (__builtin_cpu_supports("avx512vl")) features |= CPU_AVX512VL;
  if (__builtin_cpu_supports("avx512vnni")) features |= CPU_AVX512VNNI;
  if (__builtin_cpu_supports("avx512bf16")) features |= CPU_AVX512BF16;
  if (__builtin_cpu_supports("avxvnni")) features |= CPU_AVXVNNI;
#elif defined(__aarch64__) && defined(__linux__)
  if (getauxval(AT_HWCAP) & (1UL << 20)) features |= CPU_DOTPROD;   // HWCAP_ASIMDDP
  if (getauxval(AT_HWCAP2) & (1UL << 13)) features |= CPU_I8MM;     // HWCAP2_I8MM
#elif defined(__aarch64__) && defined(__APPLE__)
  if (sysctl_flag("hw.optional.arm.FEAT_DotProd")) features |= CPU_DOTPROD;
  if (sysctl_flag("hw.optional.arm.FEAT_I8MM")) features |= CPU_I8MM;
#endif
  return features;
}
