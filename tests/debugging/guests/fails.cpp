// A check that fails, and the signal that it ends with.
#include <cstdlib>

static int answer = 40;

__attribute__((noinline)) void check() {
  if (answer != 42) std::abort();  // checks
}

int main() {
  ++answer;
  check();
  return 0;
}
