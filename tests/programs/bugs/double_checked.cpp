// Double-checked locking that publishes the object before it is complete.
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bug.h"

namespace {

struct Config {
  std::vector<std::string> paths;
};

std::atomic<Config*> instance{nullptr};
std::mutex mutex;

Config& config() {
  if (instance.load() == nullptr) {
    const std::lock_guard lock(mutex);
    if (instance.load() == nullptr) {
      instance.store(new Config);
      for (const char* path : {"/etc", "/usr/etc", "/opt/etc"}) {
        instance.load()->paths.push_back(path);
      }
    }
  }
  return *instance.load();
}

void use() {
  if (config().paths.size() != 3) bug_shows("an unfinished object was seen");
}

}  // namespace

int main() {
  std::thread a(use);
  std::thread b(use);
  a.join();
  b.join();
}
