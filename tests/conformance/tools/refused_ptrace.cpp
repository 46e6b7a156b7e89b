// The program wants to be traced by its parent.
#include <sys/ptrace.h>

#include "observe.h"

int main() {
  OBSERVE(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0);
  std::puts("traced");
}
