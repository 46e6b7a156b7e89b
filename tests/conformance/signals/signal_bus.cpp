// A file mapping past the end of its file raises SIGBUS.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>

namespace {
sigjmp_buf place;
volatile sig_atomic_t code;
void* volatile address;

void handler(int, siginfo_t* info, void*) {
  code = info->si_code;
  address = info->si_addr;
  siglongjmp(place, 1);
}
}  // namespace

int main() {
  const int file = open("short", O_CREAT | O_RDWR | O_TRUNC, 0600);
  if (file < 0 || unlink("short") != 0 || write(file, "abc", 3) != 3) return 1;
  char* const mapped = static_cast<char*>(mmap(nullptr, 2 * 4096, PROT_READ, MAP_PRIVATE, file, 0));
  if (mapped == MAP_FAILED) return 1;
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
  std::printf("first page %c%c%c, behind them %d\n", mapped[0], mapped[1], mapped[2], mapped[3]);
  if (sigsetjmp(place, 1) == 0) {
    std::printf("second page %d\n", *const_cast<volatile char*>(mapped + 5000));
    return 1;
  }
  std::printf("SIGBUS, code %d, at the place %d\n", code, address == mapped + 5000);
  return code != BUS_ADRERR || address != mapped + 5000;
}
