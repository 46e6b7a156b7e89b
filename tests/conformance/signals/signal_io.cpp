// A signal that tells of input, with the descriptor in its siginfo, while the program computes.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>

#include "observe.h"

namespace {

volatile sig_atomic_t descriptor = -1;
volatile sig_atomic_t band;

void handler(int, siginfo_t* info, void*) {
  descriptor = info->si_fd;
  band = int(info->si_band);
}

}  // namespace

int main() {
  int ends[2];
  OBSERVE(pipe(ends) == 0);
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  OBSERVE(sigaction(SIGRTMIN + 1, &action, nullptr) == 0);
  OBSERVE(fcntl(ends[0], F_SETOWN, getpid()) == 0);
  OBSERVE(fcntl(ends[0], F_SETSIG, SIGRTMIN + 1) == 0);
  OBSERVE(fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK) == 0);
  OBSERVE(write(ends[1], "x", 1) == 1);
  long turns = 0;
  while (descriptor < 0) ++turns;
  std::printf("%d %x after %ld turns\n", int(descriptor), unsigned(band), turns);
  OBSERVE(descriptor == ends[0] && (band & POLLIN));
  return 0;
}
