#include "rewrite/tick_plan_cache.h"

#include <sys/mman.h>

#include <thread>

#include "guests.h"

namespace ttrace::testing {
namespace {

namespace fs = std::filesystem;

class TickPlanCacheTest : public ::testing::Test {
 protected:
  TickPlanCacheTest() { write_file(binary_, read_file(loaded_binary("ld-linux").path)); }

  /// Asks a cache that has seen nothing yet.
  std::shared_ptr<const TickPlan> ask(const std::string& directory) {
    TickPlanCache cache(directory);
    const auto& entry = cache.plan_of(open_file(binary_).value());
    EXPECT_TRUE(entry.plan) << entry.refusal;
    return entry.plan;
  }
  std::string only_file() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(cache_)) names.push_back(entry.path());
    EXPECT_EQ(names.size(), 1U);
    return names.empty() ? "" : names.front();
  }

  TemporaryDirectory directory_;
  std::string binary_ = directory_ / "binary";
  std::string cache_ = directory_ / "a/cache";
};

TEST_F(TickPlanCacheTest, KeepsAPlanAndUsesIt) {
  ask(cache_);
  const std::string name = only_file();
  struct stat before {
  }, after{};
  ASSERT_EQ(::stat(name.c_str(), &before), 0);
  EXPECT_EQ(before.st_mode & 0777, 0600U);
  ask(cache_);
  ASSERT_EQ(::stat(only_file().c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(TickPlanCacheTest, LooksUpOnce) {
  TickPlanCache cache(cache_);
  const auto* first = &cache.plan_of(open_file(binary_).value());
  fs::remove_all(cache_);
  EXPECT_EQ(first, &cache.plan_of(open_file(binary_).value()));
}

TEST_F(TickPlanCacheTest, APlanThatCountsAndOneThatDoesNotAreTwoFiles) {
  TickPlanCache cache(cache_);
  const Fd binary = open_file(binary_);
  const auto& counts = cache.plan_of(binary.value());
  const auto& counts_nothing = cache.uncounted_plan_of(binary.value());
  ASSERT_TRUE(counts.plan && counts_nothing.plan);
  EXPECT_GT(counts.plan->due_count(), 0U);
  EXPECT_EQ(counts_nothing.plan->due_count(), 0U);
  const auto files = std::distance(fs::directory_iterator(cache_), fs::directory_iterator());
  EXPECT_EQ(files, 2);
}

TEST_F(TickPlanCacheTest, ADamagedPlanIsMadeAgain) {
  ask(cache_);
  const std::string name = only_file();
  const Bytes good = read_file(name);
  for (const std::size_t at : {std::size_t(3), std::size_t(90), good.size() / 2, good.size() - 1}) {
    Bytes bad = good;
    bad[at] ^= std::byte(4);
    write_file(name, bad);
    ask(cache_);
    EXPECT_EQ(read_file(only_file()), good) << at;
  }
  ASSERT_EQ(::truncate(name.c_str(), 5000), 0);
  ask(cache_);
  EXPECT_EQ(read_file(only_file()), good);
}

TEST_F(TickPlanCacheTest, APlanOfOtherTextIsNotUsed) {
  const auto plan = ask(cache_);
  const Fd binary = open_file(binary_);
  EXPECT_TRUE(fits(*plan, plan->key(), binary.value()));
  EXPECT_FALSE(fits(*plan, ContentKey{}, binary.value()));
  // One byte of text that the plan does not modify.
  Bytes other = read_file(binary_);
  std::uint64_t at = plan->segments().front().original_offset + 0x100;
  const auto modified = [&](std::uint64_t offset) {
    const PlanSegment& s = plan->segments().front();
    for (const ModifiedRange& r : plan->modified())
      if (s.address + (offset - s.original_offset) - r.address < r.length) return true;
    return false;
  };
  while (modified(at)) ++at;
  other[at] ^= std::byte(1);
  write_file(binary_, other);
  EXPECT_FALSE(fits(*plan, plan->key(), binary.value()));
}

TEST_F(TickPlanCacheTest, WithoutADirectoryItLivesInMemory) {
  for (const std::string& place :
       {std::string(), binary_ + "/below-a-file", std::string("/proc/x")})
    EXPECT_GT(ask(place)->due_count(), 0U) << place;
}

TEST_F(TickPlanCacheTest, ThingsInTheWayAreNoObstacle) {
  ask(cache_);
  const std::string name = only_file();
  fs::remove(name);
  ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
  EXPECT_GT(ask(cache_)->due_count(), 0U);
  EXPECT_TRUE(fs::is_regular_file(name));
  fs::remove(name);
  fs::create_directories(name);
  EXPECT_GT(ask(cache_)->due_count(), 0U);
}

TEST_F(TickPlanCacheTest, WhatIsNoBinaryHasNoPlan) {
  write_file(binary_, bytes_of(std::string_view("#!/bin/sh\n")));
  TickPlanCache cache(cache_);
  const auto& entry = cache.plan_of(open_file(binary_).value());
  EXPECT_FALSE(entry.plan);
  EXPECT_FALSE(entry.refusal.empty());
}

TEST_F(TickPlanCacheTest, FilledByManyAtOnceItIsWhole) {
  const std::size_t expected = ask("")->due_count();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        EXPECT_EQ(ask(cache_)->due_count(), expected);
        std::error_code raced;  // with another thread, which removes it too
        if (round % 2 == 0) fs::remove_all(cache_, raced);
      }
    });
  for (std::thread& thread : threads) thread.join();
  ask(cache_);
  only_file();
}

}  // namespace
}  // namespace ttrace::testing
