// Behind the end of a mapped file lies SIGBUS; the end moves with ftruncate and writes, in another
// process too.
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "temporary.h"

namespace {
sigjmp_buf back;
void on_bus(int, siginfo_t*, void*) { siglongjmp(back, 1); }

bool store(volatile char* at, char value) {
  if (sigsetjmp(back, 1) != 0) return false;
  *at = value;
  return true;
}
}  // namespace

int main() {
  Temporary file;
  file.write("x");
  struct sigaction action {};
  action.sa_sigaction = on_bus;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
  auto* text =
      static_cast<char*>(mmap(nullptr, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0));
  OBSERVE(text != MAP_FAILED);
  std::printf("%d %d\n", store(text, 'y'), store(text + 4096, 'z'));
  // The kernel is refused too.
  OBSERVE(pread(file.fd(), text + 4096, 1, 0) == -1 && errno == EFAULT);
  file.write("w", 4096);
  std::printf("%d %d\n", store(text + 4097, 'z'), store(text + 8192, 'z'));
  const pid_t child = fork();
  if (child == 0) {
    OBSERVE(ftruncate(file.fd(), 3 * 4096) == 0);
    text[8192] = 'c';
    _exit(0);
  }
  OBSERVE(waitpid(child, nullptr, 0) == child);
  std::printf("%c %d\n", text[8192], store(text + 3 * 4096, 'z'));
  OBSERVE(ftruncate(file.fd(), 4096) == 0);
  std::printf("%c %d\n", text[0], store(text + 8192, 'z'));
}
