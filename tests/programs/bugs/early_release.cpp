// A reference count that is lowered, and read later to decide who deletes.
#include <atomic>
#include <thread>
#include <vector>

#include "bug.h"

namespace {

struct Shared {
  std::atomic<int> references{2};
  std::atomic<int> deleted{0};
  std::vector<int> watchers{1, 2, 3};
  std::atomic<int> told{0};
};

void release(Shared& object) {
  object.references.fetch_sub(1);
  for (const int watcher : object.watchers) object.told.fetch_add(watcher);
  if (object.references.load() == 0) object.deleted.fetch_add(1);
}

}  // namespace

int main() {
  Shared object;
  std::thread a([&] { release(object); });
  std::thread b([&] { release(object); });
  a.join();
  b.join();
  if (object.deleted != 1) bug_shows("deleted twice");
}
