// Where the program runs: getcpu, sched_getcpu, sysconf, hardware_concurrency, and threads that
// look again and again.
#include <sched.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "observe.h"

int main() {
  unsigned cpu = 99, node = 99;
  OBSERVE(getcpu(&cpu, &node) == 0);
  std::printf("cpu %u node %u, sched_getcpu %d\n", cpu, node, sched_getcpu());
  std::printf("%u threads, %ld online, %ld configured, %d\n", std::thread::hardware_concurrency(),
              sysconf(_SC_NPROCESSORS_ONLN), sysconf(_SC_NPROCESSORS_CONF), get_nprocs());
  std::vector<std::thread> threads;
  long sums[3] = {};
  for (long& sum : sums) {
    threads.emplace_back([&sum] {
      for (int i = 0; i < 100; ++i) sum = sum * 3 + sched_getcpu();
    });
  }
  for (auto& thread : threads) thread.join();
  std::printf("%ld %ld %ld\n", sums[0], sums[1], sums[2]);
}
