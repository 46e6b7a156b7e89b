// A timerfd that repeats: the number of expirations, what is left, and disarming it.
#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdint>

#include "observe.h"

int main() {
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  OBSERVE(timer >= 0);
  itimerspec each = {{0, 3'000'000}, {0, 1'000'000}};
  OBSERVE(timerfd_settime(timer, 0, &each, nullptr) == 0);
  std::uint64_t total = 0;
  while (total < 5) {
    std::uint64_t count = 0;
    OBSERVE(read(timer, &count, 8) == 8 && count >= 1);
    total += count;
  }
  itimerspec left = {};
  OBSERVE(timerfd_gettime(timer, &left) == 0 && left.it_interval.tv_nsec == 3'000'000);
  std::printf("%lu expirations, %ld ns left\n", static_cast<unsigned long>(total),
              left.it_value.tv_nsec);
  itimerspec off = {}, before = {};
  OBSERVE(timerfd_settime(timer, 0, &off, &before) == 0);
  OBSERVE(timerfd_gettime(timer, &left) == 0 && left.it_value.tv_nsec == 0);
}
