// A hand-written reference count without a lock: the last one frees, if there is exactly one last.
#include <thread>

#include "bug.h"

namespace {

struct Resource {
  int users = 2;
  int freed = 0;
};

Resource resource;

void release() {
  if (--resource.users == 0) ++resource.freed;
}

}  // namespace

int main() {
  std::thread a(release);
  std::thread b(release);
  a.join();
  b.join();
  if (resource.freed != 1) bug_shows("nobody was the last one, or both were");
}
