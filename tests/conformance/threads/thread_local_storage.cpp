// thread_local objects: one each, made at first use, destroyed when their thread ends.
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

namespace {
std::atomic<int> made{0}, destroyed{0};

struct Counter {
  Counter() { ++made; }
  ~Counter() {
    ++destroyed;
    std::printf("ends with %d\n", value);
  }
  int value = 0;
};
thread_local Counter counter;
__thread int plain = 7;
}  // namespace

int main() {
  std::vector<std::thread> threads;
  for (int i = 1; i <= 3; ++i) {
    threads.emplace_back([i] {
      for (int turn = 0; turn < i; ++turn) counter.value += 10, ++plain;
      std::printf("thread %d: %d %d\n", i, counter.value, plain);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("made %d destroyed %d, main's %d\n", made.load(), destroyed.load(), plain);
  return made != 3 || destroyed != 3 || plain != 7;
}
