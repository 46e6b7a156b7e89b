// A C++ exception thrown out of a SIGSEGV handler, through the faulting function.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>

namespace {
int* volatile nowhere = nullptr;
struct Guard {
  ~Guard() { std::printf("unwound\n"); }
};

__attribute__((noinline)) int load() {
  Guard guard;
  return *nowhere;
}
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_handler = [](int) { throw std::runtime_error("null pointer"); };
  action.sa_flags = SA_NODEFER;
  sigaction(SIGSEGV, &action, nullptr);
  int caught = 0;
  for (int i = 0; i < 2; ++i) {
    try {
      std::printf("loaded %d\n", load());
    } catch (const std::runtime_error& error) {
      std::printf("caught: %s\n", error.what());
      ++caught;
    }
  }
  return caught != 2;
}
