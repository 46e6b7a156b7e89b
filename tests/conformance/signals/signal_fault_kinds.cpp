// The kinds of SIGSEGV: unmapped, protected, not executable, not canonical; what siginfo says.
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>

namespace {
sigjmp_buf place;
volatile sig_atomic_t code;
volatile uintptr_t address;

void handler(int, siginfo_t* info, void*) {
  code = info->si_code;
  address = reinterpret_cast<uintptr_t>(info->si_addr);
  siglongjmp(place, 1);
}

template <typename Function>
bool fault(const char* name, int expected_code, uintptr_t expected_address, Function function) {
  if (sigsetjmp(place, 1) == 0) {
    function();
    std::printf("%s: no fault\n", name);
    return false;
  }
  std::printf("%s: code %d, at the address %d\n", name, code, address == expected_address);
  return code == expected_code && address == expected_address;
}
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, nullptr);
  auto* const page = static_cast<volatile char*>(
      mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  const auto where = reinterpret_cast<uintptr_t>(page);
  volatile uintptr_t far = 0x8000'0000'0000'0000;
  bool right = fault("protected", SEGV_ACCERR, where + 7, [&] { page[7] = 1; });
  right &=
      fault("not executable", SEGV_ACCERR, where, [&] { reinterpret_cast<void (*)()>(where)(); });
  munmap(const_cast<char*>(page), 4096);
  right &= fault("unmapped", SEGV_MAPERR, where + 9, [&] { page[9] = 1; });
  right &=
      fault("not canonical", SI_KERNEL, 0, [&] { *reinterpret_cast<volatile char*>(far) = 1; });
  right &= fault("privileged", SI_KERNEL, 0, [] { asm volatile("hlt"); });
  return !right;
}
