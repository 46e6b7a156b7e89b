// A library whose text lies in its first segment (gold does that, and ld with -z noseparate-code).
#include <atomic>

extern "C" unsigned long wait_until(const std::atomic<int>* count, int until) {
  unsigned long turns = 0;
  while (count->load(std::memory_order_relaxed) < until) ++turns;
  return turns;
}
