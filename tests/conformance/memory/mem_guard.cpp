// A PROT_NONE guard page: its handler opens it with mprotect, and the write is done again.
#include <signal.h>
#include <sys/mman.h>

#include "observe.h"

static char* guard;
static volatile int faults = 0;

static void open_guard(int, siginfo_t* info, void*) {
  faults = faults + 1;
  if (info->si_addr != guard + 8 || info->si_code != SEGV_ACCERR) _Exit(3);
  if (mprotect(guard, 4096, PROT_READ | PROT_WRITE) != 0) _Exit(4);
}

int main() {
  guard = static_cast<char*>(mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(guard != MAP_FAILED);
  struct sigaction action = {};
  action.sa_sigaction = open_guard;
  action.sa_flags = SA_SIGINFO;
  OBSERVE(sigaction(SIGSEGV, &action, nullptr) == 0);
  for (int i = 0; i < 3; ++i) {
    *static_cast<volatile char*>(guard + 8) = static_cast<char>('a' + i);
    OBSERVE(faults == i + 1);
    OBSERVE(mprotect(guard, 4096, i == 1 ? PROT_READ : PROT_NONE) == 0);
  }
  std::printf("%d faults\n", faults);
}
