// Vector registers and rounding modes belong to a thread, and to a signal handler that interrupts
// it.
#include <sys/time.h>

#include <cfenv>
#include <cmath>
#include <csignal>
#include <thread>
#include <vector>

#include "observe.h"

namespace {

volatile sig_atomic_t interruptions;

void handler(int) {
  volatile double value = 1;
  for (int i = 0; i < 50; ++i) value = value * 1.1 + std::sin(value);
  std::fesetround(FE_DOWNWARD);
  interruptions = interruptions + 1;
}

struct Result {
  double sum = 0;
  long double third = 0;
  int rounding = 0;
};

void compute(int number, Result& result) {
  const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  OBSERVE(std::fesetround(modes[number % 4]) == 0);
  double values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (int i = 0; i < 5000; ++i) {
    for (double& value : values) value = std::sqrt(value + 0.3 * number);
    if (i % 1000 == 0) std::this_thread::yield();
  }
  for (const double value : values) result.sum += value;
  volatile long double three = 3;
  result.third = 1 / three;
  result.rounding = std::fegetround() == modes[number % 4];
}

}  // namespace

int main() {
  OBSERVE(std::signal(SIGALRM, handler) != SIG_ERR);
  const itimerval often{{0, 1000}, {0, 1000}};
  OBSERVE(setitimer(ITIMER_REAL, &often, nullptr) == 0);
  Result results[4];
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(compute, i, std::ref(results[i]));
  }
  const itimerval never{};
  OBSERVE(setitimer(ITIMER_REAL, &never, nullptr) == 0);
  for (const Result& result : results) {
    std::printf("%a %La %d\n", result.sum, result.third, result.rounding);
    OBSERVE(result.rounding);
  }
  std::printf("%d interruptions\n", int(interruptions));
  return 0;
}
