// fork by a thread of several, with fork handlers: the child has that one thread only.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

namespace {
std::mutex mutex;
int turn = 0;

long threads_here() {
  long count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    count += entry.exists();
  }
  return count;
}
}  // namespace

int main() {
  pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); }, [] { mutex.unlock(); });
  int statuses = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&statuses, i] {
      const pid_t child = fork();
      if (child == 0) {
        mutex.lock();
        _exit(threads_here() == 1 && gettid() == getpid() ? 0 : 1);
      }
      int status = 0;
      waitpid(child, &status, 0);
      std::lock_guard lock(mutex);
      statuses |= status;
      std::printf("%d: thread %d, child %d, status %d\n", ++turn, i, child, status);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return statuses != 0;
}
