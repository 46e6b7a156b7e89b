// Lines on standard output and standard error in turns, buffered and not, from two threads.
#include <unistd.h>

#include <iostream>
#include <thread>

#include "observe.h"

int main() {
  for (int i = 0; i < 20; ++i) {
    std::cout << "out " << i << (i % 3 ? "\n" : "") << std::flush;
    std::cerr << "err " << i << '\n';
    std::fprintf(i % 2 ? stderr : stdout, "stdio %d\n", i);
  }
  std::thread other([] {
    for (int i = 0; i < 20; ++i) OBSERVE(write(2, "other\n", 6) == 6);
  });
  for (int i = 0; i < 20; ++i) OBSERVE(write(1 + i % 2, "first\n", 6) == 6);
  other.join();
}
