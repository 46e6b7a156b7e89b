// A reference count that is read to decide who deletes, after it was lowered.
#include <atomic>
#include <thread>

#include "bug.h"

namespace {

struct Shared {
  std::atomic<int> references{2};
  std::atomic<int> deleted{0};
};

void release(Shared& object) {
  object.references.fetch_sub(1);
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
