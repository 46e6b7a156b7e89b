// std::async, futures, a promise that is broken and an exception that crosses threads.
#include <cstdio>
#include <future>
#include <stdexcept>
#include <vector>

int main() {
  std::vector<std::future<int>> squares;
  for (int i = 0; i < 6; ++i) {
    squares.push_back(std::async(std::launch::async, [i] {
      if (i == 4) throw std::runtime_error("no four");
      return i * i;
    }));
  }
  int sum = 0;
  bool thrown = false, broken = false;
  for (std::future<int>& square : squares) {
    try {
      sum += square.get();
    } catch (const std::runtime_error& error) {
      thrown = true;
      std::printf("thrown: %s\n", error.what());
    }
  }
  std::future<int> orphan = std::promise<int>().get_future();
  try {
    orphan.get();
  } catch (const std::future_error& error) {
    broken = error.code() == std::future_errc::broken_promise;
  }
  std::printf("sum %d thrown %d broken %d\n", sum, thrown, broken);
  return sum != 39 || !thrown || !broken;
}
