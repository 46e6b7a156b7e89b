// A reader that finds something missing releases its lock and comes back as a writer, without
// looking again.
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>

#include "bug.h"

namespace {

std::shared_mutex mutex;
std::map<std::string, int> cache{{"one", 1}, {"two", 2}};
int computed = 0;

int length_of(const std::string& key) {
  {
    const std::shared_lock lock(mutex);
    const auto found = cache.find(key);
    if (found != cache.end()) return found->second;
  }
  const std::unique_lock lock(mutex);
  ++computed;
  return cache[key] = int(key.size());
}

}  // namespace

int main() {
  std::thread a([] { length_of("three"); });
  std::thread b([] { length_of("three"); });
  a.join();
  b.join();
  if (computed != 1) bug_shows("it was computed twice");
}
