// A handler that interrupted a call returns to it while a signal that nobody handles becomes due.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

int main() {
  struct sigaction action = {};
  action.sa_handler = [](int) {
    siginfo_t info;
    const pid_t child = fork();
    if (child == 0) _exit(0);
    waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  };
  // Pending until the handler returns.
  sigaddset(&action.sa_mask, SIGCHLD);
  sigaction(SIGALRM, &action, nullptr);
  ualarm(1000, 0);
  const int result = pause();
  const int error = errno;
  int status = -1;
  const bool child = wait(&status) > 0;
  std::printf("pause %d, errno %d, child %d, status %d\n", result, error, child, status);
  return result != -1 || error != EINTR || !child || status != 0;
}
