// kill(0, ...): the signal goes to the whole group of the program, itself included: handled,
// ignored, and at last fatal.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <initializer_list>

#include "observe.h"

namespace {
volatile sig_atomic_t handled = 0;
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_handler = [](int) { handled = handled + 1; };
  for (const int number : {SIGUSR1, SIGUSR2, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGIO}) {
    sigaction(number, &action, nullptr);
  }
  const pid_t child = fork();
  if (child == 0) {
    while (handled < 8) usleep(500);
    _exit(0);
  }
  for (const int number : {SIGUSR1, SIGUSR2, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGIO}) {
    const int before = handled;
    OBSERVE(kill(0, number) == 0 && handled == before + 1);
    usleep(1000);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("handled %d, the child ends with %d\n", int(handled), status);
  std::fflush(stdout);
  signal(SIGTERM, SIG_DFL);
  kill(0, SIGTERM);
}
