// The affinity that a program sets is the one that it gets, and its threads inherit it.
#include <sched.h>

#include <cerrno>
#include <cstdio>
#include <thread>

int main() {
  cpu_set_t original, one, now;
  CPU_ZERO(&original);
  if (sched_getaffinity(0, sizeof original, &original) != 0) return 1;
  int first = 0;
  while (!CPU_ISSET(first, &original)) ++first;
  CPU_ZERO(&one);
  const bool empty_fails = sched_setaffinity(0, sizeof one, &one) == -1 && errno == EINVAL;
  CPU_SET(first, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) return 1;
  sched_getaffinity(0, sizeof now, &now);
  const bool set = CPU_EQUAL(&one, &now);
  bool inherited = false;
  std::thread([&] {
    sched_getaffinity(0, sizeof now, &now);
    inherited = CPU_EQUAL(&one, &now);
  }).join();
  const int cpu = sched_getcpu();
  std::printf("empty fails %d, set %d, inherited %d, running on it %d\n", empty_fails, set,
              inherited, cpu == first);
  return !empty_fails || !set || !inherited;
}
