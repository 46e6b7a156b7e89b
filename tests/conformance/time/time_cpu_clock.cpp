// The CPU time of a process and of a thread grows while it computes and makes system calls.
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "observe.h"

static long long read_clock(clockid_t clock) {
  timespec now = {};
  OBSERVE(clock_gettime(clock, &now) == 0);
  return now.tv_sec * 1'000'000'000ll + now.tv_nsec;
}

int main() {
  clockid_t mine = 0, process = 0;
  OBSERVE(pthread_getcpuclockid(pthread_self(), &mine) == 0);
  OBSERVE(clock_getcpuclockid(getpid(), &process) == 0);
  long long first = read_clock(mine), first_process = read_clock(process);
  volatile double x = 1;
  for (int i = 0; i < 2'000'000; ++i) x = x * 1.0000001;
  long long last = read_clock(mine), last_process = read_clock(process);
  OBSERVE(last > first && last_process > first_process);
  std::printf("thread %lld to %lld, process %lld to %lld, %.17g\n", first, last, first_process,
              last_process, x);
}
