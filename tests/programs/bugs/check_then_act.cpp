// "Create it if it is not there yet", without a lock around both halves.
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bug.h"

namespace {

class Registry {
 public:
  bool contains(const std::string& name) {
    const std::lock_guard lock(mutex_);
    for (const std::string& known : names_) {
      if (known == name) return true;
    }
    return false;
  }
  void add(const std::string& name) {
    const std::lock_guard lock(mutex_);
    names_.push_back(name);
  }
  std::size_t size() const { return names_.size(); }

 private:
  std::mutex mutex_;
  std::vector<std::string> names_{"root", "daemon"};
};

void ensure(Registry& registry, const std::string& name) {
  if (!registry.contains(name)) registry.add(name);
}

}  // namespace

int main() {
  Registry registry;
  std::thread a([&] { ensure(registry, "guest"); });
  std::thread b([&] { ensure(registry, "guest"); });
  a.join();
  b.join();
  if (registry.size() != 3) bug_shows("two users of one name");
}
