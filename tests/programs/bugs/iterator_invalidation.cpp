// One thread walks through a list while another adds to it.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "bug.h"

namespace {

class Listeners {
 public:
  void add(int id) {
    ids_.push_back(id);
    ++version_;
  }
  int notify() {
    const int begun = version_.load();
    int sum = 0;
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      sum += ids_[i];
      if (version_.load() != begun) bug_shows("the list changed under a walk");
    }
    return sum;
  }

 private:
  std::vector<int> ids_{1, 2, 3};
  std::atomic<int> version_{0};
};

}  // namespace

int main() {
  Listeners listeners;
  std::thread a([&] { listeners.notify(); });
  std::thread b([&] { listeners.add(4); });
  a.join();
  b.join();
}
