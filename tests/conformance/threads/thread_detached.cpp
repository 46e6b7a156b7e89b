// Detached threads: some end before main does, one is still asleep when the process ends.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

int main() {
  std::atomic<int> done{0};
  for (int i = 0; i < 5; ++i) {
    std::thread([&done, i] {
      std::printf("detached %d\n", i);
      ++done;
    }).detach();
  }
  std::thread([] { pause(); }).detach();
  while (done != 5) usleep(100);
  std::printf("done %d\n", done.load());
}
