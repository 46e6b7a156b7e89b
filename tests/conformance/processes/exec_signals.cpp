// What exec keeps of signals: the mask, pending ones, ignored ones, the alarm; handlers it resets.
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>

namespace {
volatile sig_atomic_t alarms = 0;
bool is_default(int number) {
  struct sigaction action = {};
  sigaction(number, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}
}  // namespace

int main(int argc, char** argv) {
  sigset_t set;
  if (argc > 1) {
    sigset_t pending, mask;
    sigpending(&pending);
    sigprocmask(SIG_BLOCK, nullptr, &mask);
    signal(SIGALRM, [](int) { alarms = alarms + 1; });
    struct sigaction action = {};
    sigaction(SIGHUP, nullptr, &action);
    const bool ignored = action.sa_handler == SIG_IGN;
    while (alarms == 0) usleep(1000);
    std::printf("masked %d, pending %d, ignored %d, default %d, alarms %d\n",
                sigismember(&mask, SIGUSR1), sigismember(&pending, SIGUSR1), ignored,
                is_default(SIGUSR2), alarms);
    return !sigismember(&mask, SIGUSR1) || !sigismember(&pending, SIGUSR1) || !ignored ||
           !is_default(SIGUSR2);
  }
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  raise(SIGUSR1);
  signal(SIGHUP, SIG_IGN);
  signal(SIGUSR2, [](int) {});
  // Long enough for the exec, which has no handler for it at first.
  const itimerval timer = {{0, 0}, {1, 0}};
  setitimer(ITIMER_REAL, &timer, nullptr);
  execl("/proc/self/exe", argv[0], "again", nullptr);
  return 1;
}
