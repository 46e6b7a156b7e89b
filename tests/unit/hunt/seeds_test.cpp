#include "hunt/seeds.h"

#include <gtest/gtest.h>

#include <set>

namespace ttrace {
namespace {

TEST(AttemptSeed, NeverChangesBetweenVersions) {
  // Computed by another program from the definition in the header: a kept base seed must go on
  // meaning the same attempts.
  EXPECT_EQ(attempt_seed(0, "", 0), 2448385507222971125u);
  EXPECT_EQ(attempt_seed(1, "Queue.Race", 37), 9083439271334923566u);
}

TEST(AttemptSeed, DiffersByBaseCaseAndAttempt) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t base = 0; base < 5; ++base) {
    for (const char* name : {"A.B", "A.C", "A.BC"}) {
      for (std::uint64_t attempt = 1; attempt <= 200; ++attempt) {
        seen.insert(attempt_seed(base, name, attempt));
      }
    }
  }
  EXPECT_EQ(seen.size(), 5u * 3u * 200u);
}

}  // namespace
}  // namespace ttrace
