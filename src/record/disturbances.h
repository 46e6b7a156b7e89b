#pragma once

#include <cstdint>
#include <random>

#include "record/chaos.h"

namespace ttrace {

/// What chaos does to an attempt besides its schedule (Scheduler): how long signals wait, and which
/// transfers are cut short. The seed draws how much of each; most attempts have none. It only says
/// when; the session knows where (docs/chaos.md).
class Disturbances {
 public:
  explicit Disturbances(std::uint64_t seed, Chaos chaos = Chaos::mixed);

  /// Whether this attempt may ever do what shortens() asks.
  bool may_shorten() const { return short_share_ > 0; }
  /// Whether a call that may transfer less than it was asked for does so.
  bool shortens() { return draw(short_share_); }
  /// How much of `length` (2 and more) it transfers: 1 to length - 1.
  std::uint64_t shortened(std::uint64_t length);

  /// A signal has arrived that may come later: how many ticks later at most. 1: at once, that is at
  /// the next counted place.
  std::uint64_t signal_delay();

  /// Whether the addresses of this attempt are left to the kernel to choose.
  static bool randomises_addresses(std::uint64_t seed, Chaos chaos, AddressChoice choice);

 private:
  bool draw(double share);
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::mt19937_64 random_;
  double short_share_ = 0;
  double delay_share_ = 0;
  unsigned delay_bits_ = 1;
};

}  // namespace ttrace
