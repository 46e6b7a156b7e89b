// Two threads under a mutex.
#include <cstdio>
#include <mutex>
#include <thread>

std::mutex mutex;
int shared = 0;
int last[2] = {-1, -1};

__attribute__((noinline)) void add(int who, int i) {
  const std::lock_guard<std::mutex> lock(mutex);
  ++shared;       // LINE add
  last[who] = i;  // LINE last
}

void work(int who) {
  for (int i = 0; i < 20; ++i) add(who, i);
}

int main() {
  std::thread a(work, 0);
  std::thread b(work, 1);
  a.join();
  b.join();
  std::printf("%d\n", shared);  // LINE end
  return 0;
}
