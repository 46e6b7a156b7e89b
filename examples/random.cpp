// A test that fails about once in two hundred runs, because it draws from std::random_device.
#include <gtest/gtest.h>

#include <random>

namespace {

constexpr unsigned kTicketsSold = 200;  // they are numbered from 1

class Lottery {
 public:
  // The bug: the numbers drawn begin at 0.
  unsigned draw() { return device_() % kTicketsSold; }

 private:
  std::random_device device_;
};

TEST(Lottery, DrawsATicketThatWasSold) {
  Lottery lottery;
  const unsigned ticket = lottery.draw();
  EXPECT_GE(ticket, 1U);
  EXPECT_LE(ticket, kTicketsSold);
}

}  // namespace
