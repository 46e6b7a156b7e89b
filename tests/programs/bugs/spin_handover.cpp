// A spin lock made of a flag that is tested in one step and set in another.
#include <atomic>
#include <thread>

#include "bug.h"

namespace {

std::atomic<bool> taken{false};
std::atomic<int> owners{0};
int work_done = 0;

void lock() {
  for (;;) {
    while (taken.load()) {
    }
    if (!taken.load()) break;
  }
  taken.store(true);
}

void unlock() { taken.store(false); }

void work() {
  for (int i = 0; i < 20; ++i) {
    lock();
    if (owners.fetch_add(1) != 0) bug_shows("the lock has two owners");
    for (int j = 0; j < 10; ++j) ++work_done;
    owners.fetch_sub(1);
    unlock();
  }
}

}  // namespace

int main() {
  std::thread a(work);
  std::thread b(work);
  a.join();
  b.join();
}
