// Loops made of tail calls that the compiler must make into jumps (Clang), direct and through a
// table, without a system call: a timer must get in, and a replay must find the place.
#include <signal.h>
#include <sys/time.h>

#include <cstdint>
#include <cstdio>

namespace {

volatile sig_atomic_t alarms = 0;
void handler(int) { alarms = alarms + 1; }

constexpr int kUntil = 5;

[[gnu::noinline]] std::uint64_t ping(std::uint64_t turns);
[[gnu::noinline]] std::uint64_t pong(std::uint64_t turns) {
  if (alarms >= kUntil) return turns;
  [[clang::musttail]] return ping(turns + 1);
}
std::uint64_t ping(std::uint64_t turns) {
  if (alarms >= kUntil) return turns;
  [[clang::musttail]] return pong(turns + 1);
}

/// An interpreter whose instructions call each other.
using Step = std::uint64_t (*)(const unsigned char* code, std::uint64_t sum);
extern const Step kSteps[4];

std::uint64_t add(const unsigned char* code, std::uint64_t sum) {
  [[clang::musttail]] return kSteps[code[1]](code + 1, sum + 1);
}
std::uint64_t twist(const unsigned char* code, std::uint64_t sum) {
  [[clang::musttail]] return kSteps[code[1]](code + 1, sum ^ (sum << 1));
}
std::uint64_t back(const unsigned char* code, std::uint64_t sum) {
  code -= 5;
  [[clang::musttail]] return kSteps[code[0]](code, sum);
}
std::uint64_t check(const unsigned char* code, std::uint64_t sum) {
  if (alarms >= kUntil) return sum;
  [[clang::musttail]] return kSteps[code[1]](code + 1, sum);
}
const Step kSteps[4] = {add, twist, back, check};

}  // namespace

int main() {
  struct sigaction action {};
  action.sa_handler = handler;
  sigaction(SIGALRM, &action, nullptr);
  itimerval interval{};
  interval.it_interval.tv_usec = interval.it_value.tv_usec = 2000;
  setitimer(ITIMER_REAL, &interval, nullptr);
  std::printf("direct: %llu\n", static_cast<unsigned long long>(ping(0)));
  alarms = 0;
  static constexpr unsigned char kProgram[] = {0, 1, 0, 3, 1, 2};
  std::printf("through a table: %llu\n", static_cast<unsigned long long>(kSteps[0](kProgram, 0)));
}
