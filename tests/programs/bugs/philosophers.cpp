// Each takes the fork at the left, then the one at the right.
#include <array>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "bug.h"

namespace {

constexpr std::size_t kSeats = 3;
std::array<std::timed_mutex, kSeats> forks;
std::array<int, kSeats> meals{};

void dine(std::size_t seat) {
  for (int meal = 0; meal < 3; ++meal) {
    const std::lock_guard left(forks[seat]);
    const std::unique_lock right(forks[(seat + 1) % kSeats], std::chrono::milliseconds(300));
    if (!right.owns_lock()) bug_shows("all wait for the fork at their right");
    ++meals[seat];
  }
}

}  // namespace

int main() {
  std::vector<std::thread> guests;
  for (std::size_t seat = 0; seat < kSeats; ++seat) guests.emplace_back(dine, seat);
  for (std::thread& guest : guests) guest.join();
}
