// A SIGSEGV handler that makes the page accessible: the access is repeated and succeeds.
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

namespace {
char* pages;
volatile sig_atomic_t faults = 0, code = 0, wrong_address = 0;

void handler(int, siginfo_t* info, void*) {
  faults = faults + 1;
  code = info->si_code;
  char* page =
      reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(info->si_addr) & ~uintptr_t{4095});
  if (static_cast<char*>(info->si_addr) != page + 10) wrong_address = 1;
  mprotect(page, 4096, PROT_READ | PROT_WRITE);
}
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, nullptr);
  pages =
      static_cast<char*>(mmap(nullptr, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (int i = 0; i < 3; ++i) {
    pages[i * 4096 + 10] = static_cast<char>('a' + i);
    std::printf("%c after %d faults, code %d\n", pages[i * 4096 + 10], faults, code);
  }
  // Written by the kernel, it is no fault but an error.
  mprotect(pages, 4096, PROT_NONE);
  int ends[2];
  if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1) return 1;
  const bool refused = read(ends[0], pages, 1) == -1;
  std::printf("refused %d, faults %d\n", refused, faults);
  return faults != 3 || code != SEGV_ACCERR || wrong_address || !refused;
}
