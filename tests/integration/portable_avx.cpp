// Built for a CPU with AVX: it asks nobody, and does not work on another one. A signal finds it
// with its vector registers in use.
#include <immintrin.h>
#include <signal.h>

#include <cstdio>

namespace {

void handle(int) {
  __m256 other = _mm256_set1_ps(-1);
  __asm__ volatile("" : "+x"(other));
}

}  // namespace

int main() {
  signal(SIGUSR1, handle);
  __m256 sum = _mm256_setzero_ps();
  for (int i = 0; i < 8; ++i) {
    sum = _mm256_add_ps(sum, _mm256_set1_ps(float(i)));
    __asm__ volatile("" : "+x"(sum));
    raise(SIGUSR1);
  }
  float values[8];
  _mm256_storeu_ps(values, sum);
  std::printf("%g %g\n", double(values[0]), double(values[7]));
  return 0;
}
