// Two processes that compute, each in memory of its own. With an argument they have a handler,
// which a signal may run between any two of their instructions.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace {

volatile unsigned counters[16];

void compute() {
  for (unsigned i = 0; i < 100000; ++i) counters[i % 16] = counters[(i + 1) % 16] + i;
}

}  // namespace

int main(int argc, char**) {
  if (argc > 1) signal(SIGUSR1, [](int) { counters[0] = 0; });
  for (int i = 0; i < 5; ++i) {
    const pid_t child = fork();
    compute();
    if (child == 0) _exit(0);
    if (waitpid(child, nullptr, 0) != child) return 1;
  }
  std::puts("done");
  return 0;
}
