// A signal at the death of the parent, and children that leave no zombies.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "observe.h"

namespace {

volatile sig_atomic_t got;

[[noreturn]] void wait_for_death(int ready, const sigset_t& open) {
  std::signal(SIGUSR1, [](int signal) { got = signal; });
  OBSERVE(prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0);
  OBSERVE(write(ready, "r", 1) == 1);
  while (!got) sigsuspend(&open);
  std::printf("orphan, signal %d\n", int(got));
  std::fflush(stdout);
  _exit(7);
}

void death_signal() {
  int ready[2];
  OBSERVE(pipe(ready) == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  sigset_t blocked;
  sigset_t open;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  OBSERVE(sigprocmask(SIG_BLOCK, &blocked, &open) == 0);
  const pid_t parent = fork();
  if (parent == 0) {
    if (fork() == 0) wait_for_death(ready[1], open);
    char byte;
    _exit(read(ready[0], &byte, 1) == 1 ? 0 : 1);
  }
  int status = -1;
  OBSERVE(waitpid(parent, &status, 0) == parent && status == 0);
  OBSERVE(wait(&status) > 0);
  std::printf("adopted, status %x\n", unsigned(status));
}

void no_zombies() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  action.sa_flags = SA_NOCLDWAIT;
  OBSERVE(sigaction(SIGCHLD, &action, nullptr) == 0);
  for (int i = 0; i < 5; ++i) {
    if (fork() == 0) _exit(i);
  }
  OBSERVE(wait(nullptr) < 0 && errno == ECHILD);
  std::signal(SIGCHLD, SIG_IGN);
  if (fork() == 0) _exit(1);
  OBSERVE(wait(nullptr) < 0 && errno == ECHILD);
}

}  // namespace

int main() {
  death_signal();
  no_zombies();
  return 0;
}
