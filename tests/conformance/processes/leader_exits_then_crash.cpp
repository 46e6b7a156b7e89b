// The first thread has ended; signals to the process still arrive, and another thread crashes.
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

namespace {
int* volatile nowhere = nullptr;
volatile sig_atomic_t got = 0;
}  // namespace

int main() {
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  signal(SIGUSR1, [](int) { got = 1; });
  std::thread([] {
    usleep(500);
    kill(getpid(), SIGUSR1);
    while (!got) usleep(100);
    std::printf("got %d\n", got);
    std::fflush(stdout);
    *nowhere = 1;
  }).detach();
  pthread_exit(nullptr);
}
