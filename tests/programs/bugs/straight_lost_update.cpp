// A plain counter: nothing but a load, an addition and a store.
#include <thread>

#include "bug.h"

namespace {

volatile int hits = 0;

void work() {
  for (int i = 0; i < 50; ++i) hits = hits + 1;
}

}  // namespace

int main() {
  std::thread a(work);
  std::thread b(work);
  a.join();
  b.join();
  if (hits != 100) bug_shows("an update was lost");
}
