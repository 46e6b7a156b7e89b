// A pool whose workers leave when they are told to stop, though tasks may be left.
#include <condition_variable>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>

#include "bug.h"

namespace {

class Pool {
 public:
  Pool() : worker_([this] { run(); }) {}
  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    worker_.join();
  }
  void submit(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push(std::move(task));
    }
    changed_.notify_one();
  }

 private:
  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || !tasks_.empty(); });
      if (stop_) return;  // should look at the tasks first
      const auto task = std::move(tasks_.front());
      tasks_.pop();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::queue<std::function<void()>> tasks_;
  bool stop_ = false;
  std::thread worker_;
};

}  // namespace

int main() {
  int done = 0;
  {
    Pool pool;
    for (int i = 0; i < 3; ++i) {
      pool.submit([&] { ++done; });
      std::this_thread::yield();
    }
    for (int i = 0; i < 20; ++i) std::this_thread::yield();
  }
  if (done != 3) bug_shows("a task was never done");
}
