// The program may believe that it moved to another CPU: sched_getaffinity repeats what it set.
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

#include "observe.h"

int main() {
  cpu_set_t allowed, chosen, got;
  OBSERVE(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
  const int count = CPU_COUNT(&allowed);
  OBSERVE(count >= 1);
  std::printf("%d CPUs, hardware_concurrency %u, online %ld\n", count,
              std::thread::hardware_concurrency(), sysconf(_SC_NPROCESSORS_ONLN));
  OBSERVE(static_cast<int>(std::thread::hardware_concurrency()) == count);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    CPU_ZERO(&chosen);
    CPU_SET(cpu, &chosen);
    OBSERVE(sched_setaffinity(0, sizeof chosen, &chosen) == 0);
    OBSERVE(sched_getaffinity(0, sizeof got, &got) == 0);
    OBSERVE(CPU_EQUAL(&chosen, &got));
    unsigned where = 0, node = 0;
    OBSERVE(syscall(SYS_getcpu, &where, &node, nullptr) == 0);
    std::printf("asked for %d, getcpu says %u, sched_getcpu %d\n", cpu, where, sched_getcpu());
  }
  CPU_ZERO(&chosen);
  OBSERVE(sched_setaffinity(0, sizeof chosen, &chosen) == -1 && errno == EINVAL);
}
