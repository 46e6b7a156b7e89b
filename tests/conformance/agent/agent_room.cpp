// More calls in a row than the recorder's agent has room for, with SIGTRAP, by which it asks for
// more, blocked, ignored and handled: the program notices nothing.
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <initializer_list>

#include "observe.h"

namespace {

/// Of a record of 88 bytes or more each; the agent has 256 KiB.
constexpr int kMany = 4'000;

volatile sig_atomic_t trapped = 0;

void handle(int) { trapped = trapped + 1; }

void call_often() {
  const pid_t parent = getppid();
  for (int i = 0; i < kMany; ++i) OBSERVE(getppid() == parent);
  timespec before{}, now{};
  for (int i = 0; i < kMany; ++i) {
    OBSERVE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    OBSERVE(now.tv_sec > before.tv_sec ||
            (now.tv_sec == before.tv_sec && now.tv_nsec >= before.tv_nsec));
    before = now;
  }
  std::printf("%ld\n", now.tv_nsec);
}

void call_with(void (*action)(int), bool blocks) {
  sigset_t trap, mask;
  sigemptyset(&trap);
  sigaddset(&trap, SIGTRAP);
  OBSERVE(signal(SIGTRAP, action) != SIG_ERR);
  OBSERVE(sigprocmask(blocks ? SIG_BLOCK : SIG_UNBLOCK, &trap, nullptr) == 0);
  call_often();
  OBSERVE(trapped == 0);
  OBSERVE(sigprocmask(SIG_BLOCK, nullptr, &mask) == 0);
  OBSERVE((sigismember(&mask, SIGTRAP) == 1) == blocks);
  OBSERVE(signal(SIGTRAP, SIG_DFL) == action);
}

/// The recorder wants the program to stop, and its room is used up by then: it asked for the time
/// often, for the first time, and has not stopped since.
void block_while_awaited() {
  OBSERVE(signal(SIGTRAP, SIG_IGN) == SIG_DFL);
  sigset_t one, mask;
  sigemptyset(&one);
  sigaddset(&one, SIGUSR1);
  timespec now{};
  for (int i = 0; i < kMany * 3 / 4; ++i) OBSERVE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  OBSERVE(sigprocmask(SIG_BLOCK, &one, nullptr) == 0);
  for (int i = 0; i < kMany; ++i) OBSERVE(getppid() > 0);
  OBSERVE(sigprocmask(SIG_UNBLOCK, &one, &mask) == 0 && sigismember(&mask, SIGUSR1) == 1);
  OBSERVE(signal(SIGTRAP, SIG_DFL) == SIG_IGN);
}

/// A SIGTRAP of the program's own waits meanwhile.
void pending_meanwhile() {
  sigset_t trap;
  sigemptyset(&trap);
  sigaddset(&trap, SIGTRAP);
  OBSERVE(sigprocmask(SIG_BLOCK, &trap, nullptr) == 0 && raise(SIGTRAP) == 0);
  for (int i = 0; i < kMany; ++i) OBSERVE(getppid() > 0);
  siginfo_t info;
  const timespec at_once{};
  OBSERVE(sigtimedwait(&trap, &info, &at_once) == SIGTRAP && info.si_pid == getpid());
  OBSERVE(sigprocmask(SIG_UNBLOCK, &trap, nullptr) == 0);
}

}  // namespace

int main() {
  block_while_awaited();
  pending_meanwhile();
  for (const bool blocks : {false, true}) {
    for (auto* const action : {SIG_DFL, SIG_IGN, +handle}) call_with(action, blocks);
  }
}
