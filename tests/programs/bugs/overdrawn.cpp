// A balance is looked at and then changed; no loop, no lock, once in each thread.
#include <thread>

#include "bug.h"

namespace {

int balance = 100;

bool withdraw(int amount) {
  if (balance < amount) return false;
  balance -= amount;
  return true;
}

}  // namespace

int main() {
  bool first = false;
  bool second = false;
  std::thread a([&] { first = withdraw(80); });
  std::thread b([&] { second = withdraw(80); });
  a.join();
  b.join();
  if (first && second) bug_shows("both got the money");
}
