// siglongjmp out of a handler, out of a sleeping call too: the mask comes back each time.
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>

namespace {
sigjmp_buf place;
int* volatile nowhere = nullptr;
void handler(int signal) { siglongjmp(place, signal); }
}  // namespace

int main() {
  signal(SIGUSR1, handler);
  signal(SIGALRM, handler);
  signal(SIGSEGV, handler);
  volatile int round = 0;
  const int from = sigsetjmp(place, 1);
  round = round + 1;
  std::printf("round %d, from signal %d\n", round, from);
  if (round <= 2) raise(SIGUSR1);
  if (round == 3) {
    const itimerval timer = {{0, 0}, {0, 1000}};
    setitimer(ITIMER_REAL, &timer, nullptr);
    for (;;) pause();
  }
  if (round <= 5) *nowhere = 1;
  return round != 6 || from != SIGSEGV;
}
