// Children waited for by other threads than their parent's: by one each, and by all for any.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

int main() {
  std::atomic<int> sum{0};
  std::vector<std::thread> threads;
  for (int i = 1; i <= 3; ++i) {
    if (fork() == 0) {
      usleep(i * 200);
      _exit(i);
    }
  }
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&sum, i] {
      int status = 0;
      if (wait(&status) > 0) sum += WEXITSTATUS(status);
      std::printf("thread %d: %d\n", i, WEXITSTATUS(status));
    });
  }
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&sum, i] {
      const int status = std::system(("exit 1" + std::to_string(i)).c_str());
      std::printf("system %d: %d\n", i, WEXITSTATUS(status));
      sum += WEXITSTATUS(status);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("sum %d\n", sum.load());
  return sum != 6 + 33;
}
