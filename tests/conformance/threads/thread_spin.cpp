// A thread spins on a variable without any system call: this needs ticks.
#include <unistd.h>

#include <atomic>
#include <thread>

int main() {
  std::atomic<bool> go{false};
  std::thread other([&] {
    while (!go) {
    }
  });
  usleep(2000);
  go = true;
  other.join();
}
