// A loop around waitpid with WNOHANG until the child has ended.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main() {
  const pid_t child = fork();
  if (child == 0) {
    usleep(1000);
    _exit(6);
  }
  int status = 0, turns = 0;
  pid_t ended;
  while ((ended = waitpid(child, &status, WNOHANG)) == 0) {
    ++turns;
    usleep(100);
  }
  std::printf("ended %d after %d turns with %d\n", ended == child, turns, WEXITSTATUS(status));
  return ended != child || WEXITSTATUS(status) != 6;
}
