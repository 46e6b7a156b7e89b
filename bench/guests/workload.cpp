// workload NAME COUNT: runs one workload and prints the nanoseconds that it took, without the
// start of the process, and a checksum.
#include "workload.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr NamedWorkload kWorkloads[] = {
    {"compute", compute},
    {"getppid", getppid_loop},
    {"clock", clock_loop},
    {"write_null", write_null},
    {"open_read_close", open_read_close},
    {"fork_wait", fork_and_wait},
    {"lock_unlock", lock_unlock},
};

}  // namespace

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  if (argc == 3) {
    for (const NamedWorkload& workload : kWorkloads) {
      if (std::strcmp(workload.name, argv[1]) != 0) continue;
      const auto began = Clock::now();
      const unsigned long sum = workload.run(std::atol(argv[2]));
      const std::chrono::nanoseconds took = Clock::now() - began;
      std::printf("%lld %lu\n", static_cast<long long>(took.count()), sum);
      return 0;
    }
  }
  std::fprintf(stderr, "usage: workload NAME COUNT; NAME is one of:");
  for (const NamedWorkload& workload : kWorkloads) std::fprintf(stderr, " %s", workload.name);
  std::fprintf(stderr, "\n");
  return 2;
}
