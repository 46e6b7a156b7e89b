// A signal interrupts system calls that sleep: they fail with EINTR, or with SA_RESTART go on
// (those that can).
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <functional>
#include <thread>

namespace {
volatile sig_atomic_t handled = 0;
int pipe_ends[2];

void handler(int) { handled = handled + 1; }

/// Runs a call in this thread; another one interrupts it and ends it a little later.
bool try_call(const char* name, const std::function<long()>& call, const std::function<void()>& end,
              bool restarts) {
  const pthread_t self = pthread_self();
  std::thread other([&] {
    usleep(300);
    pthread_kill(self, SIGUSR1);
    usleep(3000);
    end();
  });
  const int before = handled;
  errno = 0;
  const long result = call();
  const int error = errno;
  other.join();
  std::printf("%s: result %ld, errno %d, handled %d\n", name, result, error, handled - before);
  // A signal that comes before the call started interrupts nothing: then the call just ends, or
  // (futex) finds another word.
  return result != -1 || (error == EINTR && !restarts) || error == EAGAIN;
}

bool try_all(bool restart) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = restart ? SA_RESTART : 0;
  sigaction(SIGUSR1, &action, nullptr);
  bool right = true;
  char byte;
  const auto poke = [] {
    if (write(pipe_ends[1], "x", 1) != 1) _exit(1);
  };
  right &= try_call(
      "read", [&] { return read(pipe_ends[0], &byte, 1); }, poke, restart);
  pollfd polled = {pipe_ends[0], POLLIN, 0};
  if (poll(&polled, 1, 0) == 1 && read(pipe_ends[0], &byte, 1) != 1) return false;

  timespec span = {0, 5'000'000}, left = {};
  right &= try_call(
      "nanosleep", [&] { return nanosleep(&span, &left); }, [] {}, false);

  right &= try_call(
      "poll", [&] { return poll(&polled, 1, 20); }, [] {}, false);

  int word = 1;
  const auto wake = [&word] {
    __atomic_store_n(&word, 2, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  };
  right &= try_call(
      "futex",
      [&] { return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, nullptr, nullptr, 0); }, wake,
      restart);

  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  int status;
  right &= try_call(
      "waitpid", [&] { return waitpid(child, &status, 0) == child ? 0 : -1; },
      [child] { kill(child, SIGKILL); }, restart);
  if (!restart) waitpid(child, &status, 0);
  return right;
}
}  // namespace

int main() {
  if (pipe(pipe_ends) != 0) return 1;
  const bool interrupted = try_all(false), restarted = try_all(true);
  return !interrupted || !restarted;
}
