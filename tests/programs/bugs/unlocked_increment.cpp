// Four threads add one to a plain int, each once: one instruction, not locked.
#include <thread>
#include <vector>

#include "bug.h"

namespace {

int arrived = 0;

}  // namespace

int main() {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([] { ++arrived; });
  for (std::thread& thread : threads) thread.join();
  if (arrived != 4) bug_shows("somebody was not counted");
}
