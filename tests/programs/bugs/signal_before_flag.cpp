// A thread signals another one and then sets a flag; the other takes it that the handler has run
// when it sees the flag. Sending a signal does not wait until it is delivered.
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <thread>

#include "bug.h"

namespace {

std::atomic<bool> handled{false};
std::atomic<bool> sent{false};
std::atomic<bool> waits{false};

void handler(int) { handled = true; }

}  // namespace

int main() {
  struct sigaction action {};
  action.sa_handler = handler;
  sigaction(SIGUSR1, &action, nullptr);
  bool was_handled = true;
  std::thread receiver([&] {
    waits = true;
    while (!sent) continue;
    was_handled = handled;
  });
  while (!waits) continue;
  pthread_kill(receiver.native_handle(), SIGUSR1);
  sent = true;
  receiver.join();
  if (!was_handled) bug_shows("the signal came after what was done after it");
}
