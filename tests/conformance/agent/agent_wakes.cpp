// Futex wakes by a thread that others wait beside: of nobody, of some, of threads that were
// requeued to the futex, of bits that nobody waits for.
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <thread>
#include <vector>

#include "observe.h"

namespace {

constexpr int kThreads = 3;
std::atomic<unsigned> first, second, unused;
std::atomic<int> woken;

long futex(std::atomic<unsigned>& word, int operation, unsigned long value,
           unsigned long value2 = 0, std::atomic<unsigned>* word2 = nullptr, unsigned bits = 0) {
  return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, value2, word2, bits);
}

void wait_for_bit(unsigned bit) {
  OBSERVE(futex(first, FUTEX_WAIT_BITSET, 0, 0, nullptr, bit) == 0);
  ++woken;
}

/// Until all sleep, which requeueing them to where they are tells; then wakes of nobody.
void let_them_sleep() {
  while (futex(first, FUTEX_REQUEUE, 0, INT_MAX, &first) != kThreads) sched_yield();
  for (int i = 0; i < 50; ++i) {
    OBSERVE(futex(unused, FUTEX_WAKE, 1) == 0);
    OBSERVE(futex(first, FUTEX_WAKE_BITSET, INT_MAX, 0, nullptr, 1u << 30) == 0);
    sched_yield();
  }
}

void round_of(bool requeues) {
  woken = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) threads.emplace_back(wait_for_bit, 1u << i);
  let_them_sleep();
  // Again until all were found asleep.
  long done = 0;
  if (requeues) {
    for (long moved = 0; moved < kThreads; sched_yield())
      moved += futex(first, FUTEX_REQUEUE, 0, INT_MAX, &second);
    OBSERVE(futex(first, FUTEX_WAKE, INT_MAX) == 0);
    while (done < kThreads) done += futex(second, FUTEX_WAKE, 1);
  } else {
    for (unsigned i = 0; i < kThreads; ++i, ++done)
      while (futex(first, FUTEX_WAKE_BITSET, INT_MAX, 0, nullptr, 1u << i) == 0) sched_yield();
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("%ld woken, %d went on\n", done, woken.load());
}

}  // namespace

int main() {
  for (int i = 0; i < 6; ++i) round_of(i % 2 != 0);
  return 0;
}
