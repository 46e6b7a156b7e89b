// Waits in a library's loop, without a system call, for a timer's signals. The library is loaded
// into a hole of just its size, so that there is no room beside it for more.
#include <dlfcn.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>

#include <atomic>
#include <climits>
#include <cstdlib>
#include <string>

#include "observe.h"

namespace {

using WaitUntil = unsigned long(const std::atomic<int>* count, int until);

constexpr std::size_t kLibrary = 3 * 4096;  // from its first segment to its last

std::atomic<int> alarms{0};
void handler(int) { ++alarms; }

void* map(void* at, std::size_t size) {
  return mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void leave_a_hole() {
  auto* const at = static_cast<char*>(map(nullptr, 3 * kLibrary));
  OBSERVE(at != MAP_FAILED);
  OBSERVE(munmap(at + kLibrary, kLibrary) == 0);
}

std::string beside_this_program(const char* name) {
  char path[PATH_MAX];
  OBSERVE(realpath("/proc/self/exe", path) != nullptr);
  const std::string here = path;
  return here.substr(0, here.rfind('/') + 1) + name;
}

}  // namespace

int main() {
  leave_a_hole();
  void* const library = dlopen(beside_this_program("libtick_library.so").c_str(), RTLD_NOW);
  OBSERVE(library != nullptr);
  auto* const wait_until = reinterpret_cast<WaitUntil*>(dlsym(library, "wait_until"));
  OBSERVE(wait_until != nullptr);
  struct sigaction action {};
  action.sa_handler = handler;
  sigaction(SIGALRM, &action, nullptr);
  itimerval interval{};
  interval.it_interval.tv_usec = interval.it_value.tv_usec = 2000;
  setitimer(ITIMER_REAL, &interval, nullptr);
  std::printf("%lu turns\n", wait_until(&alarms, 5));
}
