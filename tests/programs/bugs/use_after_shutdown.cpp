// A worker looks whether the cache is open, then uses it; the main thread closes it meanwhile.
#include <atomic>
#include <string>
#include <thread>

#include "bug.h"

namespace {

class Cache {
 public:
  bool is_open() const { return open_.load(); }
  void close() {
    open_.store(false);
    alive_.store(false);  // memory goes back here
  }
  std::size_t count(const std::string& key) const {
    std::size_t slot = 7;
    for (const char c : key) slot = slot * 131 + std::size_t(c);
    if (!alive_.load()) bug_shows("used after it was closed");
    return slot % 64;
  }

 private:
  std::atomic<bool> open_{true};
  std::atomic<bool> alive_{true};
};

}  // namespace

int main() {
  Cache cache;
  std::size_t sum = 0;
  std::thread worker([&] {
    for (int i = 0; i < 5 && cache.is_open(); ++i) sum += cache.count("key");
  });
  cache.close();
  worker.join();
}
