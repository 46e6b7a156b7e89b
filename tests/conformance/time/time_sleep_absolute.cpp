// clock_nanosleep until an absolute time, on the monotonic and the real-time clock.
#include <time.h>

#include "observe.h"

static bool before(const timespec& a, const timespec& b) {
  return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

int main() {
  const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME};
  for (clockid_t clock : clocks) {
    timespec end = {};
    OBSERVE(clock_gettime(clock, &end) == 0);
    end.tv_nsec += 20'000'000;
    if (end.tv_nsec >= 1'000'000'000) {
      end.tv_nsec -= 1'000'000'000;
      ++end.tv_sec;
    }
    OBSERVE(clock_nanosleep(clock, TIMER_ABSTIME, &end, nullptr) == 0);
    timespec now = {};
    OBSERVE(clock_gettime(clock, &now) == 0);
    OBSERVE(!before(now, end));
    OBSERVE(clock_nanosleep(clock, TIMER_ABSTIME, &end, nullptr) == 0);  // already past
    std::printf("clock %d: due %ld.%09ld, awake %ld.%09ld\n", clock, end.tv_sec, end.tv_nsec,
                now.tv_sec, now.tv_nsec);
  }
}
