// Two threads wait for each other with an atomic flag and make no system call meanwhile.
#include <atomic>
#include <thread>

#include "observe.h"

int main() {
  std::atomic<int> turn = 0;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) {
      while (turn.load() != 1) {
      }
      turn = 0;
    }
  });
  for (int i = 0; i < 100; ++i) {
    while (turn.load() != 0) {
    }
    turn = 1;
  }
  other.join();
  std::puts("done");
}
