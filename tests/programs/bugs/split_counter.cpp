// A number of several digits with carries between them, each atomic, the whole not.
#include <array>
#include <atomic>
#include <thread>

#include "bug.h"

namespace {

std::array<std::atomic<int>, 4> digits{};  // the lowest first

void increment() {
  for (std::atomic<int>& digit : digits) {
    if (digit.load() < 9) {
      digit.fetch_add(1);
      return;
    }
    digit.store(0);
  }
}

int value() {
  int number = 0;
  for (std::size_t i = digits.size(); i-- > 0;) number = number * 10 + digits[i].load();
  return number;
}

}  // namespace

int main() {
  std::atomic<bool> done{false};
  std::thread counter([&] {
    for (int i = 0; i < 100; ++i) increment();
    done.store(true);
  });
  int last = 0;
  while (!done.load()) {
    const int now = value();
    if (now < last) bug_shows("the counter went backwards");
    last = now;
  }
  counter.join();
}
