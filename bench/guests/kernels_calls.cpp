#include <functional>
#include <memory>
#include <vector>

#include "kernels.h"

namespace {

class Step {
 public:
  virtual ~Step() = default;
  virtual unsigned long apply(unsigned long x) const = 0;
};
class Increment : public Step {
  unsigned long apply(unsigned long x) const override { return x + 1; }
};
class Triple : public Step {
  unsigned long apply(unsigned long x) const override { return x * 3; }
};

unsigned long call_virtual(long rounds) {
  std::vector<std::unique_ptr<Step>> steps;
  for (int i = 0; i < 1000; ++i) {
    if (i % 3)
      steps.push_back(std::make_unique<Increment>());
    else
      steps.push_back(std::make_unique<Triple>());
  }
  unsigned long x = 0;
  for (long round = 0; round < rounds; ++round)
    for (const auto& step : steps) x = step->apply(x);
  return x;
}

unsigned long call_functions(long rounds) {
  std::vector<std::function<unsigned long(unsigned long)>> steps;
  for (unsigned long i = 0; i < 100; ++i) steps.push_back([i](unsigned long x) { return x ^ i; });
  unsigned long x = 1;
  for (long round = 0; round < rounds; ++round)
    for (const auto& step : steps) x = step(x);
  return x;
}

__attribute__((noinline, noclone)) unsigned long fibonacci(unsigned long n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
unsigned long recurse(long rounds) {
  unsigned long sum = 0;
  for (long round = 0; round < rounds; ++round) sum += fibonacci(27);
  return sum;
}

unsigned long throw_and_catch(long rounds) {
  unsigned long sum = 0;
  for (long i = 0; i < rounds; ++i) {
    try {
      throw i;
    } catch (const long& caught) {
      sum += static_cast<unsigned long>(caught);
    }
  }
  return sum;
}

/// A machine with a switch for its heart: an indirect jump a turn.
unsigned long interpret(long rounds) {
  static constexpr unsigned char kProgram[] = {0, 3, 1, 4, 2, 5, 0, 4, 1, 3, 2, 5, 6, 0, 2, 1};
  unsigned long a = 1, b = 2;
  for (long i = 0; i < rounds; ++i) {
    switch (kProgram[(static_cast<unsigned long>(i) + (a & 1)) % sizeof kProgram]) {
      case 0:
        a += b;
        break;
      case 1:
        b ^= a;
        break;
      case 2:
        a = (a << 3) | (a >> 61);
        break;
      case 3:
        b -= 7;
        break;
      case 4:
        a *= 5;
        break;
      case 5:
        b += a >> 9;
        break;
      default:
        a = ~a;
        break;
    }
  }
  return a + b;
}

}  // namespace

std::vector<Kernel> call_kernels() {
  return {
      {"virtual", "virtual calls in a loop", 40'000, call_virtual},
      {"function", "std::function in a loop", 1'500'000, call_functions},
      {"fib", "recursion", 500, recurse},
      {"exceptions", "throw and catch", 300'000, throw_and_catch},
      {"switch", "an interpreter's switch", 100'000'000, interpret},
  };
}
