// Children that are killed while they are stopped, and one that stops by SIGTSTP.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <initializer_list>

int main() {
  for (int stop : {SIGSTOP, SIGTSTP}) {
    for (int end : {SIGKILL, SIGTERM}) {
      const pid_t child = fork();
      if (child == 0) {
        // An orphaned group would not stop by SIGTSTP.
        setpgid(0, 0);
        kill(getpid(), stop);
        for (;;) pause();
      }
      int status = 0;
      if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)) return 1;
      const int by = WSTOPSIG(status);
      kill(child, end);
      if (end == SIGTERM) {
        usleep(500);
        if (waitpid(child, &status, WNOHANG) != 0) return 1;
        kill(child, SIGCONT);
      }
      waitpid(child, &status, 0);
      std::printf("stopped by %d, ended by %d\n", by, WTERMSIG(status));
      std::fflush(stdout);
      if (by != stop || WTERMSIG(status) != end) return 1;
    }
  }
}
