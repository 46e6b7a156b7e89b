// Producers and consumers around a small queue; who gets which item depends on the schedule.
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace {
std::mutex mutex;
std::condition_variable not_empty, not_full;
std::deque<int> queue;

void produce(int first) {
  for (int i = first; i < first + 10; ++i) {
    std::unique_lock lock(mutex);
    not_full.wait(lock, [] { return queue.size() < 2; });
    queue.push_back(i);
    not_empty.notify_one();
  }
}

void consume(int id, int* sum) {
  for (;;) {
    std::unique_lock lock(mutex);
    not_empty.wait(lock, [] { return !queue.empty(); });
    const int item = queue.front();
    queue.pop_front();
    not_full.notify_one();
    if (item < 0) return;
    *sum += item;
    std::printf("consumer %d: %d\n", id, item);
  }
}
}  // namespace

int main() {
  int sums[2] = {};
  std::thread consumers[] = {std::thread(consume, 0, &sums[0]), std::thread(consume, 1, &sums[1])};
  std::thread producers[] = {std::thread(produce, 0), std::thread(produce, 100)};
  for (std::thread& producer : producers) producer.join();
  for (int i = 0; i < 2; ++i) {
    std::unique_lock lock(mutex);
    not_full.wait(lock, [] { return queue.size() < 2; });
    queue.push_back(-1);
    not_empty.notify_one();
  }
  for (std::thread& consumer : consumers) consumer.join();
  std::printf("sum %d\n", sums[0] + sums[1]);
  return sums[0] + sums[1] != 45 + 1045;
}
