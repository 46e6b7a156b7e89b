// The condition is tested before the lock that the wait needs is taken: a notification in between
// finds nobody.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "bug.h"

namespace {

std::mutex mutex;
std::condition_variable changed;
std::atomic<bool> ready{false};

void consume() {
  if (!ready.load()) {
    std::unique_lock lock(mutex);
    if (changed.wait_for(lock, std::chrono::milliseconds(300)) == std::cv_status::timeout) {
      bug_shows("a wakeup was lost");
    }
  }
}

void produce() {
  ready.store(true);
  changed.notify_one();
}

}  // namespace

int main() {
  std::thread consumer(consume);
  std::thread producer(produce);
  producer.join();
  consumer.join();
}
