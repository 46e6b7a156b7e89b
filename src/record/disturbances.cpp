#include "record/disturbances.h"

#include <iterator>

namespace ttrace {
namespace {

constexpr double kShortShares[] = {0, 0, 0.1, 0.5};
constexpr double kDelayShares[] = {0, 0, 0.5, 1};
/// A delay is shorter than 2^(one of these) ticks. The last one outlasts most quanta: then the
/// signal comes at the thread's next system call, which it may interrupt.
constexpr unsigned kDelayBits[] = {3, 6, 10, 21};
constexpr double kRandomisedShare = 0.125;

/// Draws that are independent of the scheduler's, which has the seed itself.
constexpr std::uint64_t kOwnStream = 0x6469737475726221;
constexpr std::uint64_t kAddressStream = 0x616464726573732e;

bool draw_from(std::mt19937_64& random, double share) {
  return double(random() >> 11) * 0x1p-53 < share;
}

}  // namespace

Disturbances::Disturbances(std::uint64_t seed, Chaos chaos) : random_(seed ^ kOwnStream) {
  if (chaos == Chaos::off) return;
  short_share_ = kShortShares[below(std::size(kShortShares))];
  delay_share_ = kDelayShares[below(std::size(kDelayShares))];
  delay_bits_ = kDelayBits[below(std::size(kDelayBits))];
}

bool Disturbances::draw(double share) { return share > 0 && draw_from(random_, share); }

std::uint64_t Disturbances::shortened(std::uint64_t length) {
  // One byte, all but one, or anything between.
  switch (below(3)) {
    case 0:
      return 1;
    case 1:
      return length - 1;
    default:
      return 1 + below(length - 1);
  }
}

std::uint64_t Disturbances::signal_delay() {
  return draw(delay_share_) ? 1 + below(1ull << delay_bits_) : 1;
}

bool Disturbances::randomises_addresses(std::uint64_t seed, Chaos chaos, AddressChoice choice) {
  if (choice != AddressChoice::mixed) return choice == AddressChoice::random;
  if (chaos == Chaos::off) return false;
  std::mt19937_64 random(seed ^ kAddressStream);
  return draw_from(random, kRandomisedShare);
}

}  // namespace ttrace
