// Masks: of threads, over fork and exec, in handlers, of what cannot be masked; pending signals
// that are taken, ignored or inherited.
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "observe.h"

namespace {
unsigned long bits(const sigset_t& set) {
  unsigned long value = 0;
  for (int number = 1; number < 64; ++number) {
    if (sigismember(&set, number) == 1) value |= 1ul << number;
  }
  return value;
}
unsigned long now() {
  sigset_t set;
  pthread_sigmask(SIG_BLOCK, nullptr, &set);
  return bits(set);
}
unsigned long pending() {
  sigset_t set;
  sigpending(&set);
  return bits(set);
}
}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    std::printf("after exec: mask %lx, pending %lx\n", now(), pending());
    return 0;
  }
  sigset_t set;
  sigfillset(&set);
  OBSERVE(sigprocmask(SIG_BLOCK, &set, nullptr) == 0);
  std::printf("all: %lx\n", now());
  sigdelset(&set, SIGTERM);
  OBSERVE(sigprocmask(SIG_SETMASK, &set, nullptr) == 0);
  raise(SIGUSR1);
  kill(getpid(), SIGUSR2);
  std::printf("pending %lx\n", pending());
  std::thread([] {
    std::printf("thread: mask %lx, pending %lx\n", now(), pending());
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR2);
    int number = 0;
    OBSERVE(sigwait(&one, &number) == 0);
    std::printf("taken %d\n", number);
  }).join();
  signal(SIGUSR1, SIG_IGN);
  std::printf("ignored: pending %lx\n", pending());
  signal(SIGUSR1, SIG_DFL);
  raise(SIGUSR1);
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    std::printf("child: mask %lx, pending %lx\n", now(), pending());
    raise(SIGUSR2);
    std::fflush(stdout);
    execl("/proc/self/exe", argv[0], "again", nullptr);
    _exit(1);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
}
