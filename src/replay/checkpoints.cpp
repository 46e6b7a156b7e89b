#include "replay/checkpoints.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace ttrace {
namespace {

/// The begin, and the nearest one: without them nothing is fast.
constexpr std::size_t kLeast = 2;
/// To ask how much memory processes have takes long.
constexpr std::size_t kBetweenLooks = 8;

}  // namespace

std::shared_ptr<const Replayer> Checkpoints::add(const Position& at,
                                                 std::unique_ptr<Replayer> copy) {
  const std::chrono::microseconds now = copy->elapsed();
  const std::shared_ptr<const Replayer> added = std::move(copy);
  by_position_[at] = added;
  while (by_position_.size() > kLeast && too_many_processes()) drop_the_cheapest(now);
  if (++added_ % kBetweenLooks != 0) return added;
  while (by_position_.size() > kLeast && too_much_memory()) drop_the_cheapest(now);
  return added;
}

Checkpoints::Entry Checkpoints::at_or_before(const Position& at) const {
  return last_before(by_position_.upper_bound(at));
}

Checkpoints::Entry Checkpoints::before(const Position& at) const {
  return last_before(by_position_.lower_bound(at));
}

Checkpoints::Entry Checkpoints::last_before(Map::const_iterator next) const {
  if (next == by_position_.begin()) return {};
  return {std::prev(next)->first, std::prev(next)->second};
}

bool Checkpoints::too_many_processes() const {
  std::size_t processes = 0;
  for (const auto& [at, copy] : by_position_) processes += copy->host_count();
  return processes > bounds_.processes;
}

bool Checkpoints::too_much_memory() const {
  std::uint64_t memory = 0;
  for (const auto& [at, copy] : by_position_) memory += copy->own_memory();
  return memory > bounds_.memory;
}

/// Without one, everything up to the next one is replayed from the one before. That matters the
/// less, the further away it is.
void Checkpoints::drop_the_cheapest(std::chrono::microseconds now) {
  auto cheapest = by_position_.end();
  double least = 0;
  for (auto it = std::next(by_position_.begin()); it != by_position_.end(); ++it) {
    const auto next = std::next(it);
    const auto time = it->second->elapsed();
    const auto begin = std::prev(it)->second->elapsed();
    const auto end = next == by_position_.end() ? time : next->second->elapsed();
    const double gap = double((end - begin).count()) + 1;
    const double distance = std::abs(double((now - time).count())) + 1000;
    const double cost = gap / distance;
    if (cheapest == by_position_.end() || cost < least) {
      cheapest = it;
      least = cost;
    }
  }
  by_position_.erase(cheapest);
}

}  // namespace ttrace
