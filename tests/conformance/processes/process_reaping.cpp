// Children that nobody need wait for (SIGCHLD ignored, SA_NOCLDWAIT), a subreaper, a death signal.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

int main() {
  signal(SIGCHLD, SIG_IGN);
  if (fork() == 0) _exit(1);
  int status = 0;
  const bool none = wait(&status) == -1 && errno == ECHILD;
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  action.sa_flags = SA_NOCLDWAIT;
  sigaction(SIGCHLD, &action, nullptr);
  if (fork() == 0) _exit(2);
  const bool again = wait(&status) == -1 && errno == ECHILD;
  signal(SIGCHLD, SIG_DFL);
  std::printf("nobody to wait for: %d %d\n", none, again);
  std::fflush(stdout);

  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int ends[2];
  if (pipe(ends) != 0) return 1;
  const pid_t child = fork();
  if (child == 0) {
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (write(ends[1], "r", 1) != 1) _exit(1);
      for (;;) pause();
    }
    char byte;
    _exit(read(ends[0], &byte, 1) != 1);
  }
  waitpid(child, &status, 0);
  const pid_t adopted = wait(&status);
  std::printf("adopted %d, ended by %d\n", adopted > 0 && adopted != child, WTERMSIG(status));
  return !none || !again || adopted <= 0 || WTERMSIG(status) != SIGTERM;
}
