#pragma once

#include <time.h>
#include <x86intrin.h>

#include "observe.h"

/// So often that the recorder lets the process read the time-stamp counter itself
/// (docs/decisions/0025). Prints what of the times can be told by a replay.
inline void read_clock_often() {
  constexpr int kOften = 3000;
  unsigned long mixed = 0;
  timespec last{}, now{};
  for (int i = 0; i < kOften; ++i) {
    OBSERVE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    OBSERVE(now.tv_sec > last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec >= last.tv_nsec));
    mixed = mixed * 31 + (unsigned long)now.tv_nsec;
    last = now;
  }
  std::printf("%lx\n", mixed);
}

inline void print_counter() {
  unsigned cpu = 0;
  const unsigned long long first = __rdtsc(), second = __rdtscp(&cpu);
  OBSERVE(second >= first);
  std::printf("%llx %llx %u\n", first, second, cpu);
}
