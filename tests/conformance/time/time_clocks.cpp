// Every clock: its value, its resolution, and that a replay sees the recorded ones.
#include <time.h>

#include "observe.h"

int main() {
  for (clockid_t clock = 0; clock <= 11; ++clock) {
    timespec now = {}, resolution = {};
    if (clock_gettime(clock, &now) != 0) {
      std::printf("clock %d: %s\n", clock, std::strerror(errno));
      continue;
    }
    OBSERVE(clock_getres(clock, &resolution) == 0);
    timespec later = {};
    OBSERVE(clock_gettime(clock, &later) == 0);
    OBSERVE(later.tv_sec > now.tv_sec ||
            (later.tv_sec == now.tv_sec && later.tv_nsec >= now.tv_nsec));
    std::printf("clock %d: %ld.%09ld, then %ld.%09ld, resolution %ld.%09ld\n", clock, now.tv_sec,
                now.tv_nsec, later.tv_sec, later.tv_nsec, resolution.tv_sec, resolution.tv_nsec);
  }
}
