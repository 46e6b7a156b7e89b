// Clocks that are read so often that it is done without the kernel: every clock, every place that
// the time can be written to and those that it cannot, and the counter itself in between.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock_often.h"

namespace {

constexpr clockid_t kClocks[] = {CLOCK_REALTIME,
                                 CLOCK_MONOTONIC,
                                 CLOCK_PROCESS_CPUTIME_ID,
                                 CLOCK_THREAD_CPUTIME_ID,
                                 CLOCK_MONOTONIC_RAW,
                                 CLOCK_REALTIME_COARSE,
                                 CLOCK_MONOTONIC_COARSE,
                                 CLOCK_BOOTTIME,
                                 CLOCK_REALTIME_ALARM,
                                 CLOCK_BOOTTIME_ALARM,
                                 CLOCK_TAI};

void every_clock() {
  for (const clockid_t clock : kClocks) {
    timespec time{};
    const int result = clock_gettime(clock, &time);
    std::printf("%d: %d %ld.%09ld\n", clock, result, time.tv_sec, time.tv_nsec);
  }
  timespec time{};
  OBSERVE(clock_gettime(99, &time) == -1 && errno == EINVAL);
  OBSERVE(clock_gettime(-1, &time) == -1 && errno == EINVAL);
  // The kernel looks at the lower half only.
  OBSERVE(syscall(SYS_clock_gettime, 0xdead00000001, &time) == 0);
  std::printf("%ld.%09ld %ld\n", time.tv_sec, time.tv_nsec, (long)::time(nullptr));
  timeval day{};
  OBSERVE(gettimeofday(&day, nullptr) == 0);
  std::printf("%ld.%06ld\n", day.tv_sec, day.tv_usec);
}

/// By the system call itself: the library's function may write to its own stack first.
long read_to(void* place) { return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, place); }

void every_place() {
  const long page = sysconf(_SC_PAGESIZE);
  auto* memory = static_cast<char*>(
      mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(memory != MAP_FAILED);
  OBSERVE(read_to(memory + page - 8) == 0);  // on two pages
  OBSERVE(read_to(memory + page + 1) == 0 && read_to(memory + page + 1) == 0);
  OBSERVE(mprotect(memory + page, page, PROT_READ) == 0);
  OBSERVE(read_to(memory + page + 1) == -1 && errno == EFAULT);
  OBSERVE(read_to(memory + page - 8) == -1 && errno == EFAULT);
  OBSERVE(read_to(memory) == 0 && read_to(memory) == 0);
  OBSERVE(munmap(memory, page) == 0);
  OBSERVE(read_to(memory) == -1 && errno == EFAULT);
  OBSERVE(read_to(nullptr) == -1 && errno == EFAULT);
  OBSERVE(read_to(reinterpret_cast<void*>(-8)) == -1 && errno == EFAULT);
  timespec time{};
  std::memcpy(&time, memory + 2 * page, sizeof time);
  OBSERVE(time.tv_sec == 0);
}

}  // namespace

int main() {
  every_clock();
  for (int i = 0; i < 3; ++i) {
    read_clock_often();
    print_counter();
    every_clock();
    every_place();
  }
}
