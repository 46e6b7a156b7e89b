// Catch2 cases that fail now and then, each in another way. Built with 2.13 or 3.x, as it is found.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>  // 3.x; the main comes from Catch2::Catch2WithMain
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

#include <cstddef>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

// An account whose balance is read and written in two steps.
class Account {
 public:
  explicit Account(int balance) : balance_(balance) {}
  void add(int amount) {
    const int before = balance_;
    std::this_thread::yield();
    balance_ = before + amount;
  }
  int balance() const { return balance_; }

 private:
  volatile int balance_;
};

unsigned random_below(unsigned limit) { return std::random_device()() % limit; }

TEST_CASE("a deposit, made twice [at once]", "[race]") {
  Account account(100);
  std::thread first([&] { account.add(10); });
  std::thread second([&] { account.add(20); });
  first.join();
  second.join();
  INFO("after two deposits");
  CHECK(account.balance() == 130);
}

TEST_CASE("Überweisungen", "[sections]") {
  const int fee = GENERATE(0, 1);
  Account account(100);
  SECTION("deposit") {
    account.add(10 - fee);
    CHECK(account.balance() == 110 - fee);
  }
  SECTION("withdrawal, now and then of nothing") {
    const int amount = static_cast<int>(random_below(40));
    account.add(-amount);
    CHECK(account.balance() < 100);
  }
}

TEST_CASE("a name of unknown length", "[crash]") {
  const std::vector<std::string> names = {"Ada", "Grace", "Barbara"};
  CHECK(names.size() == 3);
  const unsigned chosen = random_below(30);
  const std::string* name = chosen == 0 ? nullptr : &names[chosen % names.size()];
  CHECK(name->size() > 2);
}

TEST_CASE("the balance of \"nobody\"", "[calm]") { CHECK(Account(0).balance() == 0); }

TEST_CASE("a case that nobody runs", "[.][hidden]") { CHECK(false); }

TEST_CASE("an error that is known", "[!mayfail]") { CHECK(Account(1).balance() == 0); }

}  // namespace
