// Children that are killed at once, perhaps before they have run a single instruction.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main() {
  for (int i = 0; i < 5; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      for (;;) pause();
    }
    kill(child, SIGKILL);
    int status = 0;
    if (waitpid(child, &status, 0) != child) return 1;
    std::printf("signaled %d by %d\n", WIFSIGNALED(status), WTERMSIG(status));
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) return 1;
  }
}
