// A test whose body forks a worker process; the worker fails about once in a hundred runs.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

namespace {

// Packs numbers below 100 into bytes.
std::vector<std::uint8_t> pack(const std::vector<unsigned>& numbers) {
  std::vector<std::uint8_t> packed;
  // The bug: 0 is taken for the end of the data.
  for (const unsigned number : numbers) {
    if (number == 0) break;
    packed.push_back(static_cast<std::uint8_t>(number));
  }
  return packed;
}

int worker() {
  std::random_device device;
  const std::vector<unsigned> numbers = {device() % 100, 7, 42};
  const std::vector<std::uint8_t> packed = pack(numbers);
  if (packed.size() == numbers.size()) return 0;
  std::fprintf(stderr, "worker: packed %zu of %zu numbers\n", packed.size(), numbers.size());
  return 1;
}

TEST(Worker, PacksAllNumbers) {
  const pid_t child = fork();
  ASSERT_NE(child, -1);
  if (child == 0) _exit(worker());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
