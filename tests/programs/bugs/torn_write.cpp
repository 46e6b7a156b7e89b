// A value of two words that is copied word by word.
#include <atomic>
#include <cstdint>
#include <thread>

#include "bug.h"

namespace {

struct Wide {
  volatile std::uint64_t words[2];
};

Wide shared{{0, 0}};

void put(std::size_t word, std::uint64_t value) { shared.words[word] = value; }

void write(std::uint64_t value) {
  put(0, value);
  put(1, value);
}

}  // namespace

int main() {
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (std::uint64_t value = 1; value <= 30; ++value) write(value);
    done.store(true);
  });
  while (!done.load()) {
    std::uint64_t seen[2];
    for (int word = 0; word < 2; ++word) seen[word] = shared.words[word];
    // Both are written in this order, so the first is never behind.
    if (seen[0] > seen[1]) bug_shows("half of a value was seen");
  }
  writer.join();
}
