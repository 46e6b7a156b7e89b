// Forty children at once, each with a few calls of its own; which ends first is up to the schedule.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main() {
  for (int i = 0; i < 40; ++i) {
    if (fork() == 0) {
      usleep(i % 3 * 100);
      _exit(i);
    }
  }
  int sum = 0, status = 0;
  while (wait(&status) > 0) {
    std::printf("%d ", WEXITSTATUS(status));
    sum += WEXITSTATUS(status);
  }
  std::printf("sum %d\n", sum);
  return sum != 780;
}
