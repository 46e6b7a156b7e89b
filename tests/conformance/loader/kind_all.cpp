// A little of everything, for binaries of other kinds: threads, exceptions, random numbers, time,
// thread-local variables, a child, and memory.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "observe.h"

static thread_local int own = 5;
static std::mutex mutex;
static long sum = 0;
static unsigned at_start = std::random_device()();

static void add(int amount) {
  for (int i = 0; i < 100; ++i) {
    std::lock_guard lock(mutex);
    sum += amount;
    own += 1;
    if (i % 30 == 0) std::this_thread::yield();
  }
  OBSERVE(own == 105);
}

int main() {
  std::random_device device;
  std::printf("random %u %u\n", at_start, device());
  std::vector<std::thread> threads;
  for (int i = 1; i <= 3; ++i) threads.emplace_back(add, i);
  for (std::thread& thread : threads) thread.join();
  OBSERVE(sum == 600 && own == 5);
  try {
    throw std::runtime_error("thrown " + std::to_string(sum));
  } catch (const std::exception& error) {
    std::puts(error.what());
  }
  auto now = std::chrono::system_clock::now().time_since_epoch();
  std::printf("time %lld pid %d at %p\n", static_cast<long long>(now.count()), getpid(),
              static_cast<void*>(std::make_unique<int>(3).get()));
  std::fflush(stdout);
  pid_t child = fork();
  OBSERVE(child >= 0);
  if (child == 0) {
    std::printf("child draws %u\n", device());
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
}
