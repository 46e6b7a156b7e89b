// Two threads append to one vector that has room enough.
#include <thread>
#include <vector>

#include "bug.h"

int main() {
  std::vector<int> values;
  values.reserve(1000);
  const auto work = [&] {
    for (int i = 0; i < 100; ++i) values.push_back(i);
  };
  std::thread a(work);
  std::thread b(work);
  a.join();
  b.join();
  if (values.size() != 200) bug_shows("a value was lost");
}
