// setrlimit(RLIMIT_STACK) raised, then recursion deeper than the former limit of 8 MB.
#include <sys/resource.h>

#include "observe.h"

[[gnu::noinline]] static unsigned descend(int depth, unsigned value) {
  volatile char frame[4000];
  frame[value % 4000] = static_cast<char>(value);
  unsigned below = depth == 0 ? value : descend(depth - 1, value * 31 + 7);
  return below + static_cast<unsigned>(frame[value % 4000]);
}

int main() {
  rlimit limit = {};
  OBSERVE(getrlimit(RLIMIT_STACK, &limit) == 0);
  std::printf("%lu %lu\n", limit.rlim_cur, limit.rlim_max);
  limit.rlim_cur = 32u << 20;
  if (limit.rlim_cur > limit.rlim_max) {
    std::puts("the limit cannot be raised here");
    return 0;
  }
  OBSERVE(setrlimit(RLIMIT_STACK, &limit) == 0);
  std::printf("%u\n", descend(4000, 1));  // 16 MB
  OBSERVE(getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur == 32u << 20);
}
