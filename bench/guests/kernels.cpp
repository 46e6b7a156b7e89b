// kernels NAME [ROUNDS]: runs one kernel and prints the nanoseconds of CPU time that it took (other
// programs on the machine matter less that way), and a checksum. Without arguments: the names, one
// a line.
#include "kernels.h"

#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

long long cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

/// By as many turns of a loop whatever the time is, so that the number of ticks is always the same.
void print_time(long long ns) {
  char text[16];
  for (std::size_t i = sizeof text; i-- > 0; ns /= 10) text[i] = char('0' + ns % 10);
  std::fwrite(text, 1, sizeof text, stdout);
}

std::vector<Kernel> all_kernels() {
  std::vector<Kernel> all;
  for (const auto& some : {loop_kernels(), data_kernels(), call_kernels()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  for (const Kernel& kernel : all_kernels()) {
    if (argc < 2) std::printf("%s\t%s\n", kernel.name, kernel.what);
    if (argc < 2 || std::strcmp(kernel.name, argv[1]) != 0) continue;
    const long rounds = argc > 2 ? std::atol(argv[2]) : kernel.rounds;
    const long long began = cpu_ns();
    const unsigned long sum = kernel.run(rounds);
    print_time(cpu_ns() - began);
    std::printf(" %lu\n", sum);
    return 0;
  }
  if (argc < 2) return 0;
  std::fprintf(stderr, "kernels: there is no %s\n", argv[1]);
  return 2;
}
