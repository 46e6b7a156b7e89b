// What processes have used: times, getrusage of itself, of threads and of children, clock(), /proc,
// CPU clocks of others.
#include <pthread.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <thread>

#include "observe.h"

namespace {
void compute() {
  volatile long sum = 0;
  for (long i = 0; i < 300'000; ++i) sum = sum + i;
}
void show(const char* what, int who) {
  rusage usage{};
  OBSERVE(getrusage(__rusage_who_t(who), &usage) == 0);
  std::printf("%s: %ld.%06ld %ld.%06ld, %ld kB, faults %ld, switches %ld %ld\n", what,
              usage.ru_utime.tv_sec, usage.ru_utime.tv_usec, usage.ru_stime.tv_sec,
              usage.ru_stime.tv_usec, usage.ru_maxrss, usage.ru_minflt, usage.ru_nvcsw,
              usage.ru_nivcsw);
}
}  // namespace

int main() {
  compute();
  show("self", RUSAGE_SELF);
  std::thread([] {
    compute();
    show("thread", RUSAGE_THREAD);
    clockid_t clock;
    timespec time{};
    OBSERVE(pthread_getcpuclockid(pthread_self(), &clock) == 0 && clock_gettime(clock, &time) == 0);
    std::printf("its clock %ld.%09ld\n", time.tv_sec, time.tv_nsec);
  }).join();
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    compute();
    _exit(0);
  }
  clockid_t clock;
  timespec time{};
  OBSERVE(clock_getcpuclockid(child, &clock) == 0 && clock_gettime(clock, &time) == 0);
  std::printf("the child's clock %ld.%09ld\n", time.tv_sec, time.tv_nsec);
  OBSERVE(waitpid(child, nullptr, 0) == child);
  show("children", RUSAGE_CHILDREN);
  tms ticks{};
  OBSERVE(times(&ticks) > 0);
  std::printf("times %ld %ld %ld, clock %ld\n", ticks.tms_utime, ticks.tms_stime, ticks.tms_cutime,
              clock_t(::clock()));
}
