// A limit on how many may be inside, kept by a counter that is tested and then changed.
#include <atomic>
#include <thread>

#include "bug.h"

namespace {

std::atomic<int> free_places{1};
std::atomic<int> inside{0};
std::atomic<int> work_done{0};

void enter() {
  while (free_places.load() <= 0) std::this_thread::yield();
  free_places.fetch_sub(1);
}

void leave() { free_places.fetch_add(1); }

void visit() {
  for (int i = 0; i < 5; ++i) {
    enter();
    if (inside.fetch_add(1) != 0) bug_shows("more are inside than allowed");
    for (int turn = 0; turn < 5; ++turn) work_done.fetch_add(1);
    inside.fetch_sub(1);
    leave();
  }
}

}  // namespace

int main() {
  std::thread a(visit);
  std::thread b(visit);
  a.join();
  b.join();
}
