// std::random_device executes rdrand or rdseed inside libstdc++, without a system call.
#include <random>
#include <set>

#include "observe.h"

int main() {
  std::random_device device;
  std::set<unsigned> seen;
  for (int i = 0; i < 100; ++i) {
    unsigned value = device();
    seen.insert(value);
    std::printf("%u\n", value);
  }
  OBSERVE(seen.size() > 90);
  std::random_device by_name("rdseed");
  std::printf("rdseed %u\n", by_name());
}
