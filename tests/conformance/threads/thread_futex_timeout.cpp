// A condition variable that nobody signals, and a raw futex: the wait ends when the time is over.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <thread>

int main() {
  using std::chrono::steady_clock;
  int word = 5;
  const timespec limit = {0, 2'000'000};
  std::thread other([] { usleep(500); });
  const auto start = steady_clock::now();
  const long result = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, &limit, nullptr, 0);
  const bool timed_out = result == -1 && errno == ETIMEDOUT;
  const bool differs =
      syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 6, &limit, nullptr, 0) == -1 && errno == EAGAIN;
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const bool waited = never.wait_for(lock, std::chrono::milliseconds(2)) == std::cv_status::timeout;
  const auto passed = steady_clock::now() - start;
  other.join();
  std::printf("timed out %d, differs %d, waited %d, passed %lld ns\n", timed_out, differs, waited,
              static_cast<long long>(std::chrono::nanoseconds(passed).count()));
  return !timed_out || !differs || !waited || passed < std::chrono::milliseconds(4);
}
