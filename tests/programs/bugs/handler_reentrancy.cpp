// A signal handler uses the same buffer as the code that it interrupts.
#include <pthread.h>
#include <signal.h>

#include <cstdio>
#include <cstring>
#include <thread>

#include "bug.h"

namespace {

char buffer[32];

const char* text_of(int number) {
  int at = 0;
  for (int power = 100000; power > 0; power /= 10) buffer[at++] = char('0' + number / power % 10);
  buffer[at] = 0;
  return buffer;
}

void handler(int) { text_of(999999); }

}  // namespace

int main() {
  struct sigaction action {};
  action.sa_handler = handler;
  sigaction(SIGUSR1, &action, nullptr);
  const pthread_t main_thread = pthread_self();
  std::thread other([&] { pthread_kill(main_thread, SIGUSR1); });
  char copy[32];
  bool wrong = false;
  for (int i = 0; i < 20; ++i) {
    std::strcpy(copy, text_of(123456));
    wrong = wrong || std::strcmp(copy, "123456") != 0;
  }
  other.join();
  if (wrong) bug_shows("the handler wrote into a text in use");
}
