// vfork and exec of another program; the parent stands still until then.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main() {
  for (int i = 0; i < 3; ++i) {
    const pid_t child = vfork();
    if (child == 0) {
      execl("/bin/sh", "sh", "-c", "echo in the shell $0; exit $0", i == 2 ? "7" : "5", nullptr);
      _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    std::printf("child exited %d with %d\n", WIFEXITED(status), WEXITSTATUS(status));
    std::fflush(stdout);
    if (WEXITSTATUS(status) != (i == 2 ? 7 : 5)) return 1;
  }
}
