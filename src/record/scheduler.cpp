#include "record/scheduler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <utility>
#include <vector>

namespace ttrace {
namespace {

/// So many decisions a ready thread is passed over for ones of a higher priority.
constexpr unsigned kPatience = 200;

using Strategy = Scheduler::Strategy;

/// How often each strategy is drawn: as often as it is listed.
constexpr Strategy kStrategies[] = {
    Strategy::random,   Strategy::plain,      Strategy::random,   Strategy::priorities,
    Strategy::starve,   Strategy::after_sync, Strategy::random,   Strategy::random,
    Strategy::accesses, Strategy::accesses,   Strategy::accesses,
};

/// The share of switches at calls; drawn, because races differ in how many they need and bear.
constexpr double kShares[] = {0.5, 0.25, 0.1, 0.03};
constexpr double kPlainShare = 0.03;
constexpr double kEntryWeight = 0.5;
/// Of the switches at calls, how many are at their entry.
constexpr double kEntryShare = kEntryWeight / (1 + kEntryWeight);

/// Random quanta are log-uniform below 2^(one of these). Most are small: tests are short, and where
/// they are not the quanta grow.
constexpr unsigned kQuantumBits[] = {1, 2, 4, 6, 8, 12, 16};
constexpr unsigned kPlainBits = 20;
/// A thread of high priority runs so long before it is lowered for fairness.
constexpr unsigned kPriorityBits = 17;

/// A switch costs as much as some ten thousand ticks. After each such number of them quanta double,
/// so that no program becomes much slower by being cut into small pieces.
constexpr std::uint64_t kSwitchesPerDoubling = 500;

/// So many places at calls a thread passes at most while others exist.
constexpr std::uint64_t kMostPassed = 1000;

/// In how many of an attempt's leaves a thread walks on to an access, and how far: up to 2^bits.
constexpr double kWalkShares[] = {0, 0, 0.2, 0.7};
constexpr double kAccessesWalkShare = 0.8;
constexpr double kCallWalkShare = 0.5;
constexpr double kReturnShares[] = {0, 0.5, 0.9, 0.98};
constexpr double kRestShare = 0.5;
constexpr unsigned kLongestRestBits = 6;
constexpr unsigned kWalkBits[] = {0, 1, 2, 3, 4, 6};
constexpr double kSplitShares[] = {0, 0.5, 1};
constexpr double kOwnCodeShare = 0.8;
/// A step costs as much as some thousand ticks, and a switch as some steps: after each such number
/// of them threads walk less.
constexpr std::uint64_t kStepsPerDecay = 1 << 13;
constexpr std::uint64_t kStepsPerSwitch = 10;

constexpr unsigned kMostChanges = 4;
/// How long the program is taken to be, in ticks: change points lie anywhere within.
constexpr unsigned kLengthBits[] = {6, 8, 10, 14};
/// A stretch in which a thread is starved lasts so many decisions less for a quantum used up.
constexpr std::uint64_t kWholeQuantumWeight = 31;

/// What is known of a program's length bounds quanta: between these, as powers of two.
constexpr unsigned kLeastKnownBits = 4;
constexpr unsigned kMostKnownBits = 20;
constexpr unsigned kMostLengthBits = 20;  // below kLongestQuantum
/// The thread that a test begins with, and the first ones that it makes.
constexpr unsigned kLikelyVictims = 3;

}  // namespace

Strategy Scheduler::drawn_strategy(std::mt19937_64& random, Chaos chaos) {
  for (;;) {
    const Strategy strategy = kStrategies[random() % std::size(kStrategies)];
    if (chaos == Chaos::off) return Strategy::plain;
    if (chaos == Chaos::mixed || strategy != Strategy::plain) return strategy;
  }
}

Scheduler::Scheduler(std::uint64_t seed, Chaos chaos, std::uint64_t expected_ticks)
    : random_(seed), strategy_(drawn_strategy(random_, chaos)) {
  if (expected_ticks > 1) {
    most_quantum_bits_ =
        std::clamp(unsigned(std::bit_width(expected_ticks)), kLeastKnownBits, kMostKnownBits);
  }
  call_share_ = kShares[below(std::size(kShares))];
  quantum_bits_ = drawn_quantum_bits();
  length_bits_ = drawn_length_bits(expected_ticks);
  if (strategy_ != Strategy::plain) draw_walks();
  switch (strategy_) {
    case Strategy::plain:
      call_share_ = kPlainShare;
      break;
    case Strategy::random:
      each_its_own_ = draw(0.5);
      break;
    case Strategy::priorities:
      changes_left_ = 1 + unsigned(below(kMostChanges));
      draw_change_point();
      break;
    case Strategy::starve:
      draw_victim();
      break;
    case Strategy::after_sync:
      call_share_ = kPlainShare;
      break;
    case Strategy::accesses:
      walk_share_ = kAccessesWalkShare;
      break;
  }
}

/// Whole, or only its beginning: what makes threads meet is often done at once.
unsigned Scheduler::drawn_length_bits(std::uint64_t expected_ticks) {
  const std::size_t drawn = below(std::size(kLengthBits));
  if (expected_ticks <= 1) return kLengthBits[drawn];
  const unsigned whole = std::min(unsigned(std::bit_width(expected_ticks)), kMostLengthBits);
  return drawn < 2 ? whole : std::min(whole, kLengthBits[drawn - 2]);
}

/// A quantum longer than the program is none: what is known bounds it.
unsigned Scheduler::drawn_quantum_bits() {
  const std::size_t drawn = below(std::size(kQuantumBits));
  if (most_quantum_bits_ == 0) return kQuantumBits[drawn];
  const auto last = unsigned(std::size(kQuantumBits) - 1);
  return 1 + (most_quantum_bits_ - 1) * unsigned(drawn) / last;
}

bool Scheduler::draw(double share) { return double(random_() >> 11) * 0x1p-53 < share; }

/// 2^first to 2^(last + 1) - 1, each power of two as likely as the next.
std::uint64_t Scheduler::log_uniform(unsigned first_bit, unsigned last_bit) {
  const std::uint64_t power = 1ull << (first_bit + below(last_bit - first_bit + 1));
  return power + below(power);
}

std::uint64_t Scheduler::scaled(std::uint64_t ticks) const {
  const std::uint64_t doublings = std::min<std::uint64_t>(switches_ / kSwitchesPerDoubling, 20);
  return std::clamp<std::uint64_t>(ticks << doublings, 1, kLongestQuantum);
}

unsigned Scheduler::number_of(Tid tid) {
  return numbers_.try_emplace(tid, unsigned(numbers_.size())).first->second;
}

/// A slow thread beside fast ones: what they do fits between two steps of it.
unsigned Scheduler::bits_of(Tid tid) {
  if (!each_its_own_) return quantum_bits_;
  const auto [found, is_new] = bits_.try_emplace(tid, 0);
  if (is_new) found->second = drawn_quantum_bits();
  return found->second;
}

bool Scheduler::leaves_at(Tid running, CallSite site) {
  number_of(running);
  just_synchronised_ = site.synchronises && site.place != CallPlace::entry;
  const bool asked = site.place == CallPlace::yield;
  const double weight = site.place == CallPlace::entry ? kEntryWeight : 1;
  const bool is_drawn = passed_all_calls_ && (site.place != CallPlace::entry || draw(kEntryShare));
  if (is_drawn) {
    passed_all_calls_ = false;
    return true;
  }
  if (++passed_ >= kMostPassed || asked) {
    if (strategy_ == Strategy::priorities) lower(running);
    return true;
  }
  switch (strategy_) {
    case Strategy::plain:
    case Strategy::random:
    case Strategy::accesses:
      return draw(call_share_ * weight);
    case Strategy::priorities:
      if (change_in_calls_ != 0 && --change_in_calls_ == 0) {
        lower(running);
        draw_change_point();
        return true;
      }
      return just_synchronised_;  // it may have woken a thread of higher priority
    case Strategy::starve:
      return starves(running) || draw(call_share_ * weight);
    case Strategy::after_sync:
      return draw(just_synchronised_ ? 0.5 : call_share_ * weight);
  }
  return false;
}

std::uint64_t Scheduler::calls_in_process(Tid running) {
  passed_all_calls_ = false;
  switch (strategy_) {
    case Strategy::plain:
    case Strategy::random:
      break;
    case Strategy::starve:
      if (starves(running)) return 0;
      break;
    case Strategy::priorities:
    case Strategy::after_sync:
    case Strategy::accesses:
      return 0;  // what they do depends on each call
  }
  // The calls before the first one at which one of two draws, at its entry and its exit, succeeds.
  const double stays = (1 - call_share_) * (1 - call_share_ * kEntryWeight);
  const double number = double(random_() >> 11) * 0x1p-53;
  const double calls = std::log(1 - number) / std::log(stays);
  return std::min<std::uint64_t>(std::uint64_t(calls), kMostPassed);
}

void Scheduler::ran(std::uint64_t ticks) {
  if (change_in_ticks_ != 0) change_in_ticks_ -= std::min(ticks, change_in_ticks_ - 1);
}

void Scheduler::preempted(Tid running) {
  ++switches_;
  if (strategy_ == Strategy::priorities) {
    lower(running);
    if (change_in_ticks_ != 0) draw_change_point();
  }
  if (strategy_ != Strategy::starve) return;
  if (number_of(running) == victim_ && stretch_left_ == 0) {
    stretch_left_ = log_uniform(4, 8);
  } else if (stretch_left_ > 1) {
    // Who computes for a whole quantum may as well be spinning until the victim has done something.
    stretch_left_ -= std::min(stretch_left_ - 1, kWholeQuantumWeight);
  }
}

/// Threads that sleep briefly all the time give way by themselves, so that neither quanta nor calls
/// bound how long others of a higher priority come first: who was passed over too often goes to the
/// top.
void Scheduler::age(std::span<const Tid> ready) {
  for (const Tid tid : ready) {
    if (++passed_over_[tid] < kPatience) continue;
    std::int64_t highest = priority_of(tid);
    for (const auto& [other, priority] : priorities_) highest = std::max(highest, priority + 1);
    priority_of(tid) = highest;
    passed_over_[tid] = 0;
  }
}

Tid Scheduler::next(std::span<const Tid> ready, Tid leaving) {
  for (const Tid tid : ready) number_of(tid);
  Tid chosen;
  if (strategy_ == Strategy::priorities) {
    if (leaving == Tid()) age(ready);  // the last one sleeps
    chosen = ready[0];
    if (leaving != Tid()) chosen = leaving;
    for (const Tid tid : ready) {
      if (priority_of(tid) > priority_of(chosen)) chosen = tid;
    }
  } else {
    std::vector<Tid> candidates;
    for (const Tid tid : ready) {
      if (!starves(tid) && !rests(tid)) candidates.push_back(tid);
    }
    if (!candidates.empty()) {
      chosen = candidates[below(candidates.size())];
    } else {
      // None is left that should run but the one that leaves, which may then as well stay.
      chosen = leaving != Tid() ? leaving : ready[below(ready.size())];
    }
    if (stretch_left_ != 0 && --stretch_left_ == 0) draw_victim();
  }
  passed_over_.erase(chosen);
  resting_.erase(chosen);
  if (chosen != leaving) passed_ = 0;
  return chosen;
}

std::uint64_t Scheduler::quantum(Tid running) {
  if (std::exchange(just_synchronised_, false) && strategy_ == Strategy::after_sync && draw(0.5)) {
    return scaled(log_uniform(0, 4));
  }
  switch (strategy_) {
    case Strategy::priorities:
      if (change_in_ticks_ != 0) return change_in_ticks_;
      return log_uniform(kPriorityBits, kPriorityBits);
    case Strategy::plain:
      return log_uniform(kPlainBits, kPlainBits);
    case Strategy::starve:
      if (number_of(running) != victim_) return log_uniform(kPriorityBits, kPriorityBits);
      return scaled(1 + below(1ull << length_bits_));
    case Strategy::after_sync:
      return log_uniform(kPriorityBits, kPriorityBits);
    case Strategy::random:
    case Strategy::accesses:
      return scaled(log_uniform(0, bits_of(running) - 1));
  }
  return 1;
}

void Scheduler::draw_walks() {
  walk_share_ = kWalkShares[below(std::size(kWalkShares))];
  return_share_ = kReturnShares[below(std::size(kReturnShares))];
  walk_bits_ = kWalkBits[below(std::size(kWalkBits))];
  split_share_ = kSplitShares[below(std::size(kSplitShares))];
  prefers_own_code_ = draw(kOwnCodeShare);
}

bool Scheduler::walks_from(CallSite site) {
  return strategy_ == Strategy::accesses && site.place == CallPlace::exit && draw(kCallWalkShare);
}

std::uint64_t Scheduler::accesses_before_leaving() { return draw_accesses(walk_share_); }

std::uint64_t Scheduler::accesses_after_return(Tid left) {
  // What others have to do meanwhile may be long: one may have to be made first.
  if (draw(kRestShare)) resting_[left] = log_uniform(0, kLongestRestBits);
  return draw_accesses(return_share_);
}

void Scheduler::walked(std::uint64_t steps) { walked_ += steps + kStepsPerSwitch; }

std::uint64_t Scheduler::draw_accesses(double share) {
  const std::uint64_t periods = 1 + walked_ / kStepsPerDecay;
  if (!draw(share / double(periods))) return 0;
  // The next ones are as likely as all that are further.
  return 1 + below(1ull << below(walk_bits_ + 1));
}

bool Scheduler::renews_quantum(CallSite site) const {
  return site.synchronises && strategy_ == Strategy::after_sync && site.place != CallPlace::entry;
}

std::int64_t& Scheduler::priority_of(Tid tid) {
  const auto [found, is_new] = priorities_.try_emplace(tid, 0);
  if (is_new) found->second = 1 + std::int64_t(below(1 << 30));
  return found->second;
}

/// Below all others.
void Scheduler::lower(Tid tid) { priority_of(tid) = --lowest_; }

/// In calls or in ticks: a race may need either.
void Scheduler::draw_change_point() {
  change_in_calls_ = 0;
  change_in_ticks_ = 0;
  if (changes_left_ == 0) return;
  --changes_left_;
  if (draw(0.5)) {
    change_in_calls_ = 1 + below(1ull << length_bits_ / 2);
  } else {
    change_in_ticks_ = 1 + below(1ull << length_bits_);
  }
}

void Scheduler::draw_victim() {
  victim_ = unsigned(below(std::max<std::size_t>(kLikelyVictims, numbers_.size())));
  stretch_left_ = 0;
}

/// Asked once in a decision.
bool Scheduler::rests(Tid tid) {
  const auto found = resting_.find(tid);
  if (found == resting_.end()) return false;
  if (--found->second == 0) resting_.erase(found);
  return true;
}

/// Whether it is the victim in its stretch.
bool Scheduler::starves(Tid tid) {
  return strategy_ == Strategy::starve && stretch_left_ != 0 && number_of(tid) == victim_;
}

}  // namespace ttrace
