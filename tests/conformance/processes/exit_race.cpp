// Several threads end the process at the same time, while others start and end.
#include <unistd.h>

#include <cstdio>
#include <thread>

int main() {
  for (int i = 0; i < 4; ++i) {
    std::thread([] {
      for (;;) std::thread([] { usleep(1); }).join();
    }).detach();
  }
  for (int i = 0; i < 4; ++i) {
    std::thread([] {
      usleep(1000);
      _exit(14);
    }).detach();
  }
  for (;;) pause();
}
