// A bounded queue that believes it has room for one more than it has.
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "bug.h"

namespace {

class Queue {
 public:
  void push(int value) {
    std::unique_lock lock(mutex_);
    not_full_.wait(lock, [&] { return count_ <= kRoom; });  // should be <
    items_[std::size_t(last_++ % kRoom)] = value;
    ++count_;
    not_empty_.notify_one();
  }
  int pop() {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, [&] { return count_ > 0; });
    const int value = items_[std::size_t(first_++ % kRoom)];
    --count_;
    not_full_.notify_one();
    return value;
  }

 private:
  static constexpr int kRoom = 4;
  std::mutex mutex_;
  std::condition_variable not_full_;
  std::condition_variable not_empty_;
  std::array<int, kRoom> items_{};
  int first_ = 0;
  int last_ = 0;
  int count_ = 0;
};

}  // namespace

int main() {
  constexpr int kItems = 5;
  Queue queue;
  std::thread consumer([&] {
    for (int expected = 1; expected <= kItems; ++expected) {
      if (queue.pop() != expected) bug_shows("an item was overwritten");
    }
  });
  for (int item = 1; item <= kItems; ++item) {
    std::this_thread::yield();
    queue.push(item);
  }
  consumer.join();
}
