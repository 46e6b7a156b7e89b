// Two threads that take two mutexes in opposite order: a deadlock, if the order is unlucky.
// Run it with --ttrace-timeout, as a hang has no other end.
#include <gtest/gtest.h>

#include <fstream>
#include <mutex>
#include <ostream>
#include <thread>

namespace {

struct Account {
  std::mutex mutex;
  int balance = 100;
  std::ofstream journal{"/dev/null"};
};

void transfer(Account& from, Account& to, int amount) {
  // The bug: each direction takes the locks in its own order.
  const std::lock_guard<std::mutex> from_lock(from.mutex);
  from.journal << "withdraw " << amount << std::endl;
  const std::lock_guard<std::mutex> to_lock(to.mutex);
  to.journal << "deposit " << amount << std::endl;
  from.balance -= amount;
  to.balance += amount;
}

TEST(Bank, TransfersBothWaysAtOnce) {
  Account savings;
  Account household;
  std::thread payment([&] { transfer(savings, household, 30); });
  std::thread refund([&] { transfer(household, savings, 10); });
  payment.join();
  refund.join();
  EXPECT_EQ(savings.balance, 80);
  EXPECT_EQ(household.balance, 120);
}

}  // namespace
