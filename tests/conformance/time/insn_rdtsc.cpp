// rdtsc and rdtscp are inputs: they never run backwards, and a replay sees the recorded values.
#include <x86intrin.h>

#include "observe.h"

int main() {
  unsigned long long last = __rdtsc();
  for (int i = 0; i < 5; ++i) {
    unsigned long long now = __rdtsc();
    OBSERVE(now >= last);
    last = now;
    std::printf("rdtsc %llu\n", now);
  }
  for (int i = 0; i < 5; ++i) {
    unsigned aux = 0;
    unsigned long long now = __rdtscp(&aux);
    OBSERVE(now >= last);
    last = now;
    std::printf("rdtscp %llu on %u\n", now, aux);
  }
}
