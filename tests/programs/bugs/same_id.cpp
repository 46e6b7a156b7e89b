// Numbers that should be unique, drawn from a plain counter.
#include <mutex>
#include <set>
#include <thread>

#include "bug.h"

namespace {

unsigned next_id = 0;

unsigned draw_id() { return next_id++; }

}  // namespace

int main() {
  std::mutex mutex;
  std::set<unsigned> ids;
  bool twice = false;
  const auto work = [&] {
    for (int i = 0; i < 5; ++i) {
      const unsigned id = draw_id();
      const std::lock_guard lock(mutex);
      if (!ids.insert(id).second) twice = true;
    }
  };
  std::thread a(work);
  std::thread b(work);
  a.join();
  b.join();
  if (twice) bug_shows("a number was drawn twice");
}
