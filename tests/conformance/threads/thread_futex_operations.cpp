// Futexes by hand: bit sets with an absolute time, requeue, wake with an operation, waitv.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <thread>
#include <vector>

namespace {
int first = 0, second = 0;

long futex(int* word, int operation, long value, const void* more = nullptr, int* other = nullptr,
           unsigned last = 0) {
  return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, more, other, last);
}
}  // namespace

int main() {
  std::atomic<int> woken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (futex(&first, FUTEX_WAIT, 0) == -1 && errno == EINTR) {
      }
      ++woken;
    });
  }
  usleep(2000);
  const long moved = futex(&first, FUTEX_CMP_REQUEUE, 1, reinterpret_cast<void*>(5L), &second, 0);
  while (woken < 1 && moved > 0) usleep(100);
  std::printf("requeue touched %ld, woken %d\n", moved, woken.load());
  first = 1;
  const unsigned operation = FUTEX_OP(FUTEX_OP_SET, 9, FUTEX_OP_CMP_EQ, 0);
  const long by_operation =
      futex(&first, FUTEX_WAKE_OP, 10, reinterpret_cast<void*>(10L), &second, operation);
  std::printf("woken by operation %ld, word %d\n", by_operation, second);
  for (std::thread& thread : threads) thread.join();

  timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += 1'000'000;
  if (until.tv_nsec >= 1'000'000'000) ++until.tv_sec, until.tv_nsec -= 1'000'000'000;
  const bool late =
      futex(&first, FUTEX_WAIT_BITSET, 1, &until, nullptr, 6) == -1 && errno == ETIMEDOUT;
  std::printf("late %d\n", late);
  return woken != 3 || second != 9 || !late;
}
