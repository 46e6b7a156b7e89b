// A read that a signal interrupts is taken for the end of the input.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "bug.h"

namespace {

void handler(int) {}

}  // namespace

int main() {
  struct sigaction action {};
  action.sa_handler = handler;  // without SA_RESTART
  sigaction(SIGUSR1, &action, nullptr);
  int ends[2];
  if (pipe(ends) != 0) return 2;
  const pthread_t reader = pthread_self();
  std::thread writer([&] {
    pthread_kill(reader, SIGUSR1);
    if (write(ends[1], "x", 1) != 1) std::_Exit(2);
  });
  char byte = 0;
  const bool got = read(ends[0], &byte, 1) == 1;
  writer.join();
  if (!got) bug_shows("input was taken to be at its end");
}
