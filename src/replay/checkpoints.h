#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>

#include "replay/position.h"
#include "replay/replayer.h"

namespace ttrace {

/// Copies of a replay by position, bounded in number and memory: when there are too many, the one
/// goes whose absence costs least, measured by the time to replay from the one before it and by the
/// distance from the present.
class Checkpoints {
 public:
  struct Bounds {
    std::size_t processes = 64;  ///< host processes of all together
    std::uint64_t memory = 1ull << 30;
  };
  struct Entry {
    Position at;
    std::shared_ptr<const Replayer> copy;
  };

  Checkpoints() = default;
  explicit Checkpoints(const Bounds& bounds) : bounds_(bounds) {}

  /// The present is there. Returns the copy, which is not kept if others matter more.
  std::shared_ptr<const Replayer> add(const Position& at, std::unique_ptr<Replayer> copy);
  /// The last one before `at`, or at it; without a copy if there is none.
  Entry at_or_before(const Position& at) const;
  Entry before(const Position& at) const;
  std::size_t size() const { return by_position_.size(); }

 private:
  using Map = std::map<Position, std::shared_ptr<const Replayer>>;
  Entry last_before(Map::const_iterator next) const;
  bool too_many_processes() const;
  bool too_much_memory() const;
  void drop_the_cheapest(std::chrono::microseconds now);

  Bounds bounds_;
  Map by_position_;
  std::size_t added_ = 0;
};

}  // namespace ttrace
