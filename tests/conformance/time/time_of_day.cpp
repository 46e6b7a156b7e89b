// gettimeofday, time, times, getrusage, clock() and the C++ clocks.
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#include <chrono>

#include "observe.h"

int main() {
  timeval day = {};
  OBSERVE(gettimeofday(&day, nullptr) == 0);
  time_t seconds = time(nullptr);
  OBSERVE(seconds >= day.tv_sec && seconds <= day.tv_sec + 5);
  struct tms process = {};
  clock_t ticks = times(&process);
  OBSERVE(ticks != -1);
  rusage usage = {};
  OBSERVE(getrusage(RUSAGE_SELF, &usage) == 0);
  OBSERVE(usage.ru_maxrss > 0);
  rusage thread = {};
  OBSERVE(getrusage(RUSAGE_THREAD, &thread) == 0);
  std::printf("day %ld.%06ld time %ld ticks %ld user %ld system %ld\n", day.tv_sec, day.tv_usec,
              seconds, ticks, process.tms_utime, process.tms_stime);
  std::printf("rss %ld faults %ld switches %ld %ld clock %ld\n", usage.ru_maxrss, usage.ru_minflt,
              usage.ru_nvcsw, usage.ru_nivcsw, clock());
  std::printf("steady %lld system %lld\n",
              static_cast<long long>(std::chrono::steady_clock::now().time_since_epoch().count()),
              static_cast<long long>(std::chrono::system_clock::now().time_since_epoch().count()));
  tm local = {};
  OBSERVE(localtime_r(&seconds, &local) != nullptr);
  char text[64];
  OBSERVE(strftime(text, sizeof text, "%F %T %Z", &local) > 0);
  std::puts(text);
}
