// Many short threads, one after another and eight at a time.
#include <cstdio>
#include <thread>
#include <vector>

int main() {
  int sum = 0;
  for (int i = 0; i < 20; ++i) std::thread([&sum, i] { sum += i; }).join();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([i] { std::printf("thread %d\n", i); });
  for (std::thread& thread : threads) thread.join();
  std::printf("sum %d\n", sum);
  return sum != 190;
}
