// Interval timers of 1 to 5 ms interrupt code that makes no system call: a loop that is closed by a
// branch of two bytes, std::sort, std::map. Each goes on until its handler has run some times, and
// what it had done by then is printed: a replay must deliver each signal at the very same place.
#include <signal.h>
#include <sys/time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <vector>

namespace {

volatile sig_atomic_t alarms = 0;
volatile std::uint64_t turns = 0;

void handler(int) { alarms = alarms + 1; }

std::uint32_t next_random(std::uint32_t& state) { return state = state * 1664525 + 1013904223; }

void spin(int until) {
  while (alarms < until) turns = turns + 1;
}

void sort(int until) {
  std::uint32_t random = 1;
  std::vector<std::uint32_t> numbers(500);
  while (alarms < until) {
    for (std::uint32_t& number : numbers) number = next_random(random);
    std::sort(numbers.begin(), numbers.end());
    turns = turns + numbers[numbers.size() / 2];
  }
}

void fill_map(int until) {
  std::uint32_t random = 2;
  while (alarms < until) {
    std::map<std::uint32_t, int> map;
    for (int i = 0; i < 200; ++i) map[next_random(random) % 1000] = i;
    turns = turns + map.size();
  }
}

void set_timer(int ms) {
  itimerval interval{};
  interval.it_interval.tv_usec = interval.it_value.tv_usec = ms * 1000;
  setitimer(ITIMER_REAL, &interval, nullptr);
}

}  // namespace

int main() {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  constexpr struct {
    const char* name;
    void (*run)(int until);
  } kWork[] = {{"spin", spin}, {"sort", sort}, {"map", fill_map}};
  for (int ms : {1, 2, 5}) {
    for (const auto& work : kWork) {
      turns = 0;
      alarms = 0;
      set_timer(ms);
      work.run(4);
      set_timer(0);
      std::printf("%s, %d ms: %d signals, %llu\n", work.name, ms, int(alarms),
                  static_cast<unsigned long long>(turns));
    }
  }
}
