// The program's first process is killed by its child.
#include <signal.h>
#include <unistd.h>

#include <cstdio>

int main() {
  std::printf("waiting for the end\n");
  std::fflush(stdout);
  const pid_t parent = getpid();
  if (fork() == 0) {
    usleep(500);
    kill(parent, SIGKILL);
    _exit(0);
  }
  for (;;) pause();
}
