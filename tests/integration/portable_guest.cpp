// Tells what it was told of its CPU, and computes with what every x86-64 has.
#include <xmmintrin.h>

#include <cstdio>
#include <cstring>

int main() {
  __builtin_cpu_init();
  std::printf("sse4.2 %d avx %d avx2 %d bmi2 %d avx512f %d fma %d\n",
              __builtin_cpu_supports("sse4.2") != 0, __builtin_cpu_supports("avx") != 0,
              __builtin_cpu_supports("avx2") != 0, __builtin_cpu_supports("bmi2") != 0,
              __builtin_cpu_supports("avx512f") != 0, __builtin_cpu_supports("fma") != 0);
  float values[4] = {1, 4, 9, 16};
  _mm_storeu_ps(values, _mm_rsqrt_ps(_mm_loadu_ps(values)));  // an approximation
  char text[256];
  std::memset(text, 'x', sizeof text);
  std::printf("%d %zu\n", values[1] > 0.4f && values[1] < 0.6f, strnlen(text, sizeof text));
  return 0;
}
