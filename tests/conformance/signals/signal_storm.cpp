// Two processes that signal each other all the time; each has handlers for three signals.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace {
volatile sig_atomic_t counts[3];
void handler(int signal) {
  counts[signal == SIGUSR1   ? 0
         : signal == SIGUSR2 ? 1
                             : 2] = counts[signal == SIGUSR1   ? 0
                                           : signal == SIGUSR2 ? 1
                                                               : 2] +
                                    1;
}
}  // namespace

int main() {
  const int signals[] = {SIGUSR1, SIGUSR2, SIGHUP};
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  for (int signal : signals) sigaction(signal, &action, nullptr);
  const pid_t parent = getpid(), child = fork();
  const pid_t other = child == 0 ? parent : child;
  for (int i = 0; i < 200; ++i) {
    if (kill(other, signals[i % 3]) != 0) return 1;
    if (i % 16 == 0) usleep(10);
  }
  if (child == 0) {
    for (;;) pause();
  }
  while (counts[0] + counts[1] + counts[2] == 0) usleep(100);
  std::printf("counts %d %d %d\n", counts[0], counts[1], counts[2]);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  return status != SIGKILL;
}
