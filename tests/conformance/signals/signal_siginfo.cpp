// A handler with siginfo: who sent the signal, how, and with which number.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace {
volatile sig_atomic_t number, code, sender;

void handler(int signal, siginfo_t* info, void*) {
  number = signal;
  code = info->si_code;
  sender = info->si_pid;
}
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, nullptr);
  sigaction(SIGUSR2, &action, nullptr);
  kill(getpid(), SIGUSR1);
  std::printf("number %d, code %d, mine %d\n", number, code, sender == getpid());
  bool right = number == SIGUSR1 && code == SI_USER && sender == getpid();
  raise(SIGUSR2);
  std::printf("number %d, code %d, mine %d\n", number, code, sender == getpid());
  right = right && number == SIGUSR2 && code == SI_TKILL && sender == getpid();
  std::fflush(stdout);
  const pid_t parent = getpid(), child = fork();
  if (child == 0) {
    kill(parent, SIGUSR1);
    _exit(0);
  }
  int status;
  while (waitpid(child, &status, 0) != child) {
  }
  std::printf("number %d, code %d, the child's %d\n", number, code, sender == child);
  return !right || number != SIGUSR1 || sender != child;
}
