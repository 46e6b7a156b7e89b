// A signal that is handled, then ignored (which drops what is pending), then handled again.
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>

namespace {
volatile sig_atomic_t count = 0;
void handler(int) { count = count + 1; }

void alarm_soon() {
  const itimerval timer = {{0, 0}, {0, 300}};
  setitimer(ITIMER_REAL, &timer, nullptr);
}
}  // namespace

int main() {
  signal(SIGALRM, handler);
  alarm_soon();
  // Long enough without a system call for the signal to arrive in between.
  for (long i = 0; i < 2'000'000; ++i) asm volatile("" ::: "memory");
  signal(SIGALRM, SIG_IGN);
  const int first = count;
  std::printf("first %d\n", first);
  alarm_soon();
  usleep(1000);
  const int second = count;
  signal(SIGALRM, handler);
  alarm_soon();
  while (count == second) usleep(500);
  const int third = count;
  alarm_soon();
  while (count == third) usleep(500);
  std::printf("second %d, third %d, fourth %d\n", second - first, third - second, count - third);
  sigset_t set, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_IGN);
  sigpending(&pending);
  std::printf("still pending %d\n", sigismember(&pending, SIGUSR1));
  return second != first || third - second != 1 || count - third != 1 ||
         sigismember(&pending, SIGUSR1);
}
