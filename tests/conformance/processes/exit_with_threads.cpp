// exit while many threads sleep, lock or run.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

int main() {
  static std::mutex mutex;
  mutex.lock();
  for (int i = 0; i < 20; ++i) {
    std::thread([i] {
      if (i % 3 == 0) pause();
      if (i % 3 == 1) mutex.lock();
      for (;;) usleep(10);
    }).detach();
  }
  usleep(500);
  std::atexit([] { std::printf("at exit\n"); });
  std::printf("exit\n");
  std::exit(12);
}
