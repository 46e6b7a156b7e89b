// alarm: cancelled, replaced, and delivered with its default action in a child.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main() {
  alarm(100);
  const unsigned left = alarm(50);
  const unsigned again = alarm(0);
  std::printf("left %u, then %u\n", left, again);
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    ualarm(2000, 0);
    for (;;) pause();
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("child ended by %d\n", WTERMSIG(status));
  return left < 99 || left > 100 || again < 49 || WTERMSIG(status) != SIGALRM;
}
