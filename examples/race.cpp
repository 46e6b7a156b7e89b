// A race that needs an unlucky order of three threads, and hardly ever fails by itself.
#include <gtest/gtest.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace {

// A bounded queue of jobs between threads.
class Queue {
 public:
  void push(int job) {
    std::unique_lock<std::mutex> lock(mutex_);
    while (count_ == static_cast<int>(jobs_.size())) not_full_.wait(lock);
    jobs_[static_cast<std::size_t>(first_ + count_) % jobs_.size()] = job;
    ++count_;
    lock.unlock();
    not_empty_.notify_one();
  }

  int pop() {
    std::unique_lock<std::mutex> lock(mutex_);
    // The bug: `if` where it must be `while`. Between the notification and the moment when this
    // thread has the lock again, another consumer may come and take the job.
    if (count_ == 0) not_empty_.wait(lock);
    const int job = jobs_[static_cast<std::size_t>(first_)];
    first_ = (first_ + 1) % static_cast<int>(jobs_.size());
    --count_;
    lock.unlock();
    not_full_.notify_one();
    return job;
  }

 private:
  std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable not_full_;
  std::array<int, 4> jobs_{};
  int first_ = 0;
  int count_ = 0;
};

TEST(Queue, GivesEachJobToOneConsumer) {
  Queue queue;
  int first_job = 0;
  int second_job = 0;
  std::thread first([&] { first_job = queue.pop(); });
  std::thread second([&] { second_job = queue.pop(); });
  queue.push(10);
  queue.push(20);
  first.join();
  second.join();
  EXPECT_EQ(first_job + second_job, 30);
}

}  // namespace
