// Sleeping in every way, with nothing, with nonsense, on every clock, and until a time that is
// over.
#include <poll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include <thread>

#include "observe.h"

int main() {
  const clockid_t clocks[] = {CLOCK_REALTIME,
                              CLOCK_MONOTONIC,
                              CLOCK_PROCESS_CPUTIME_ID,
                              CLOCK_THREAD_CPUTIME_ID,
                              CLOCK_MONOTONIC_RAW,
                              CLOCK_BOOTTIME,
                              CLOCK_TAI,
                              CLOCK_REALTIME_COARSE,
                              99};
  for (const clockid_t clock : clocks) {
    timespec span = {0, 1'000'000};
    const bool of_cpu = clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
    if (of_cpu) span = {0, 0};
    const int relative = clock_nanosleep(clock, 0, &span, nullptr);
    span = {1, 0};
    const int absolute = of_cpu ? 0 : clock_nanosleep(clock, TIMER_ABSTIME, &span, nullptr);
    std::printf("clock %d: %s %s\n", clock, relative ? strerrorname_np(relative) : "slept",
                absolute ? strerrorname_np(absolute) : "over");
  }
  timespec wrong = {0, 1'000'000'000};
  OBSERVE(nanosleep(&wrong, nullptr) == -1 && errno == EINVAL);
  wrong = {-1, 0};
  OBSERVE(nanosleep(&wrong, nullptr) == -1 && errno == EINVAL);
  OBSERVE(nanosleep(nullptr, nullptr) == -1 && errno == EFAULT);
  OBSERVE(usleep(500) == 0 && sleep(0) == 0 && poll(nullptr, 0, 1) == 0);
  timeval time = {0, 500};
  OBSERVE(select(0, nullptr, nullptr, nullptr, &time) == 0);
  std::this_thread::sleep_for(std::chrono::microseconds(300));
  std::this_thread::sleep_until(std::chrono::steady_clock::now());
  std::printf("awake\n");
}
