// The stack grows by itself, four megabytes deep, on the first thread and on another one.
#include <thread>

#include "observe.h"

[[gnu::noinline]] static unsigned descend(int depth, unsigned value) {
  volatile char frame[1000];
  for (unsigned i = 0; i < sizeof frame; i += 100) frame[i] = static_cast<char>(value + i);
  unsigned below = depth == 0 ? value : descend(depth - 1, value * 31 + 7);
  return below + static_cast<unsigned>(frame[500]);
}

int main() {
  std::printf("%u\n", descend(4000, 1));
  unsigned other = 0;
  std::thread thread([&] { other = descend(4000, 2); });
  thread.join();
  std::printf("%u\n", other);
  OBSERVE(other != 0);
}
