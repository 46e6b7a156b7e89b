// Signal masks change inside the process: what is blocked waits, what is unblocked comes at once,
// and nobody sees another mask than the program's.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <initializer_list>

#include "often_interrupted.h"

namespace {

constexpr int kTimes = 300;

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

sigset_t change(int how, const sigset_t& set) {
  sigset_t old;
  OBSERVE(sigprocmask(how, &set, &old) == 0);
  return old;
}

sigset_t mask() {
  sigset_t now;
  OBSERVE(sigprocmask(SIG_BLOCK, nullptr, &now) == 0);
  return now;
}

bool has_only(const sigset_t& set, std::initializer_list<int> signals) {
  int count = 0;
  for (int i = 1; i < 32; ++i) count += sigismember(&set, i);
  for (const int signal : signals) count -= 2 * sigismember(&set, signal) - 1;
  return count == 0;
}

volatile sig_atomic_t seen = 0;
volatile sig_atomic_t strange = 0;
volatile sig_atomic_t is_blocked = 0;

void note(int, siginfo_t*, void* context) {
  if (shows_agent(context) || is_blocked) strange = 1;
  if (!has_only(mask(), {SIGALRM})) strange = 1;
  seen = seen + 1;
}

void arithmetic() {
  const sigset_t one = set_of({SIGUSR1}), two = set_of({SIGUSR1, SIGUSR2, SIGKILL, SIGSTOP});
  for (int i = 0; i < kTimes; ++i) {
    OBSERVE(has_only(change(SIG_SETMASK, two), {}));
    OBSERVE(has_only(change(SIG_UNBLOCK, one), {SIGUSR1, SIGUSR2}));
    OBSERVE(has_only(change(SIG_BLOCK, one), {SIGUSR2}));
    OBSERVE(has_only(mask(), {SIGUSR1, SIGUSR2}));
    sigset_t same = one;  // where the old one goes, too
    OBSERVE(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &same, &same, 8) == 0);
    OBSERVE(has_only(same, {SIGUSR1, SIGUSR2}));
    OBSERVE(has_only(change(SIG_SETMASK, set_of({})), {SIGUSR2}));
    OBSERVE(sigprocmask(42, &one, nullptr) == -1 && errno == EINVAL);
  }
}

void pending() {
  const sigset_t one = set_of({SIGUSR1});
  static volatile sig_atomic_t got = 0;
  signal(SIGUSR1, [](int) { got = got + 1; });
  for (int i = 0; i < kTimes; ++i) {
    change(SIG_BLOCK, one);
    OBSERVE(raise(SIGUSR1) == 0);
    OBSERVE(got == i);
    change(SIG_UNBLOCK, one);
    OBSERVE(got == i + 1);
  }
}

/// The same where everything was blocked, SIGTRAP too.
void pending_among_all() {
  static volatile sig_atomic_t got = 0;
  signal(SIGUSR1, [](int) { got = got + 1; });
  sigset_t all;
  sigfillset(&all);
  for (int i = 0; i < kTimes; ++i) {
    const sigset_t before = change(SIG_BLOCK, all);
    OBSERVE(raise(SIGUSR1) == 0 && got == i);
    change(SIG_SETMASK, before);
    OBSERVE(got == i + 1 && has_only(mask(), {}));
  }
}

/// A CPUID to which no stub leads: the recorder stops the program by a trap, which the kernel
/// unblocks if it is blocked.
void trapped() {
  unsigned long rax = 0, rcx = 0, rdx = 0;
  asm volatile(
      "lea 1f(%%rip), %%rdx\n"
      "jmp *%%rdx\n"
      "1: cpuid\n"
      : "+a"(rax), "+c"(rcx), "+d"(rdx)
      :
      : "rbx");
}

void blocked_trap() {
  const sigset_t trap = set_of({SIGTRAP});
  change(SIG_BLOCK, trap);
  for (int i = 0; i < 20; ++i) {
    trapped();
    OBSERVE(has_only(change(SIG_BLOCK, set_of({SIGUSR2})), {SIGTRAP}));
    OBSERVE(has_only(change(SIG_UNBLOCK, set_of({SIGUSR2})), {SIGTRAP, SIGUSR2}));
  }
  OBSERVE(has_only(change(SIG_UNBLOCK, trap), {SIGTRAP}));
  sigset_t same = trap;
  OBSERVE(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &same, &same, 8) == 0 && has_only(same, {}));
  trapped();
  OBSERVE(has_only(change(SIG_UNBLOCK, trap), {SIGTRAP}));
}

/// A handler that blocks it.
void blocked_in_handler() {
  struct sigaction action {};
  action.sa_mask = set_of({SIGTRAP});
  action.sa_handler = [](int) {
    OBSERVE(has_only(change(SIG_BLOCK, set_of({SIGUSR1})), {SIGUSR2, SIGTRAP}));
    trapped();
    OBSERVE(has_only(mask(), {SIGUSR1, SIGUSR2, SIGTRAP}));
  };
  OBSERVE(sigaction(SIGUSR2, &action, nullptr) == 0);
  for (int i = 0; i < 3; ++i) {
    OBSERVE(raise(SIGUSR2) == 0);
    OBSERVE(has_only(mask(), {}));
  }
}

void interrupted() {
  const sigset_t alarm = set_of({SIGALRM});
  {
    const OftenInterrupted often(note);
    while (seen < 30) {
      OBSERVE(has_only(change(SIG_BLOCK, alarm), {}));
      is_blocked = 1;
      OBSERVE(has_only(mask(), {SIGALRM}));
      OBSERVE(getppid() > 0);
      is_blocked = 0;
      OBSERVE(has_only(change(SIG_UNBLOCK, alarm), {SIGALRM}));
    }
  }
  OBSERVE(strange == 0);
}

}  // namespace

int main() {
  arithmetic();
  pending();
  pending_among_all();
  blocked_trap();
  blocked_in_handler();
  interrupted();
  return 0;
}
