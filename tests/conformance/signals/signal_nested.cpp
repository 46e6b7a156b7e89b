// A handler that is interrupted by another signal's handler, and one that sa_mask keeps out.
#include <signal.h>

#include <cstdio>
#include <cstring>

namespace {
char order[32];
volatile sig_atomic_t length = 0;

void note(char what) {
  order[length] = what;
  length = length + 1;
}
void inner(int) { note('i'); }
void outer(int) {
  note('<');
  raise(SIGUSR2);
  note('>');
}
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_handler = inner;
  sigaction(SIGUSR2, &action, nullptr);
  action.sa_handler = outer;
  sigaction(SIGUSR1, &action, nullptr);
  raise(SIGUSR1);
  sigaddset(&action.sa_mask, SIGUSR2);
  sigaction(SIGUSR1, &action, nullptr);
  raise(SIGUSR1);
  std::printf("order %s\n", order);
  return std::strcmp(order, "<i><>i") != 0;
}
