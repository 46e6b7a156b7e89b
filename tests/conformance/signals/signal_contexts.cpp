// makecontext and swapcontext: two stacks that take turns, entered from a handler too.
#include <signal.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

namespace {
ucontext_t back, contexts[2];
volatile sig_atomic_t current = 0, switches = 0;
volatile bool done = false;
sigset_t open_mask;

constexpr int kSwitches = 6;

void on_timer(int) {
  // Later ones would save main()'s stack over a context, or enter one that has ended.
  if (switches == kSwitches) return;
  switches = switches + 1;
  const int from = current;
  current = 1 - from;
  swapcontext(&contexts[from], &contexts[1 - from]);
}

void run(int id) {
  // Not before `back` is known: a timer that comes early would swap away from there.
  if (id == 0) {
    const itimerval timer = {{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &timer, nullptr);
  }
  int seen = 0;
  while (switches < kSwitches) {
    if (seen != switches) {
      seen = switches;
      dprintf(1, "stack %d at switch %d\n", id, seen);  // stdio may be entered on the other stack
    }
    // Nowhere else may the handler run: one in the middle of swapcontext(), which sets the mask
    // first, would save over the context that is being entered.
    sigsuspend(&open_mask);
  }
  done = true;
}
}  // namespace

int main() {
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  sigprocmask(SIG_BLOCK, &alarm, &open_mask);
  std::vector<char> stacks[2] = {std::vector<char>(65536), std::vector<char>(65536)};
  for (int i = 0; i < 2; ++i) {
    getcontext(&contexts[i]);
    contexts[i].uc_stack.ss_sp = stacks[i].data();
    contexts[i].uc_stack.ss_size = stacks[i].size();
    contexts[i].uc_link = &back;
    makecontext(&contexts[i], reinterpret_cast<void (*)()>(run), 1, i);
  }
  signal(SIGALRM, on_timer);
  swapcontext(&back, &contexts[0]);
  const itimerval off = {};
  setitimer(ITIMER_REAL, &off, nullptr);
  signal(SIGALRM, SIG_IGN);
  std::printf("done %d after %d switches\n", done, switches);
  return !done;
}
