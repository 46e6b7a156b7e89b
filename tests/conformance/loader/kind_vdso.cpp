// A program that looks for the vDSO itself, by the auxiliary vector, as C libraries do: it must
// cope with its absence.
#include <sys/auxv.h>
#include <time.h>

#include "observe.h"

int main() {
  const unsigned long vdso = getauxval(AT_SYSINFO_EHDR);
  if (vdso != 0) OBSERVE(std::memcmp(reinterpret_cast<void*>(vdso), "\177ELF", 4) == 0);
  OBSERVE(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_PHDR) != 0 && getauxval(AT_RANDOM) != 0);
  const auto* random = reinterpret_cast<const unsigned char*>(getauxval(AT_RANDOM));
  for (int i = 0; i < 16; ++i) std::printf("%02x", random[i]);
  std::printf("\n%s\n", reinterpret_cast<const char*>(getauxval(AT_PLATFORM)));
  OBSERVE(getauxval(99999) == 0 && errno == ENOENT);
  timespec now{};
  OBSERVE(clock_gettime(CLOCK_REALTIME, &now) == 0);
  std::printf("%ld.%09ld\n", now.tv_sec, now.tv_nsec);
}
