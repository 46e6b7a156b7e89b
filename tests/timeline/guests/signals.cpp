// Handlers, then a crash.
#include <csignal>

volatile int handled = 0;
volatile int before = 0;
int* volatile nowhere = nullptr;

void handler(int) { handled = handled + 1; }  // LINE handler

int main() {
  std::signal(SIGUSR1, handler);
  std::signal(SIGUSR2, handler);
  before = 1;           // LINE before
  std::raise(SIGUSR1);  // LINE first
  before = 2;           // LINE between
  std::raise(SIGUSR2);
  before = 3;    // LINE after
  *nowhere = 4;  // LINE crash
  return 0;
}
