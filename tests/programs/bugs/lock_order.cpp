// Two accounts, locked in opposite order.
#include <chrono>
#include <mutex>
#include <thread>

#include "bug.h"

namespace {

struct Account {
  std::timed_mutex mutex;
  int balance = 100;
};

void transfer(Account& from, Account& to, int amount) {
  const std::lock_guard first(from.mutex);
  from.balance -= amount;
  const std::unique_lock second(to.mutex, std::chrono::milliseconds(300));
  if (!second.owns_lock()) bug_shows("deadlock");
  to.balance += amount;
}

}  // namespace

int main() {
  Account savings;
  Account household;
  std::thread a([&] { transfer(savings, household, 30); });
  std::thread b([&] { transfer(household, savings, 10); });
  a.join();
  b.join();
}
