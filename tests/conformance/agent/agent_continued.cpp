// SIGCONT, which stops a traced thread wherever it is (PTRACE_EVENT_STOP), arrives while the agent
// makes calls: from a timer, because nobody else runs then.
#include <signal.h>
#include <unistd.h>

#include <ctime>

#include "observe.h"

int main() {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGCONT;
  timer_t timer{};
  OBSERVE(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
  const itimerspec often{{0, 100'000}, {0, 100'000}};
  OBSERVE(timer_settime(timer, 0, &often, nullptr) == 0);
  const pid_t parent = getppid();
  for (int i = 0; i < 5'000; ++i) OBSERVE(getppid() == parent);
  OBSERVE(timer_delete(timer) == 0);
  return 0;
}
