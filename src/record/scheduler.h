#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <span>

#include "base/types.h"
#include "record/chaos.h"

namespace ttrace {

/// Decides which thread runs, and how long: all that chaos varies from attempt to attempt. It knows
/// no tracees; the session asks, and must do what it is told where that is possible. The seed draws
/// a strategy and its sizes; the same seed and the same questions give the same answers.
///
/// Whatever the strategy: of the threads that are ready, none waits for ever. A quantum is bounded,
/// and so is the number of places at calls that a thread passes before it is made to leave.
class Scheduler {
 public:
  enum class Strategy : std::uint8_t {
    plain,       ///< long quanta, few switches at calls: a fair run without surprises
    random,      ///< short quanta of very different lengths, a drawn share of switches at calls
    priorities,  ///< the highest priority runs; it is lowered at a few places (after PCT)
    starve,      ///< one thread runs a little, and then not for a stretch
    after_sync,  ///< switches right after calls that synchronise, or a few ticks later
    accesses,    ///< switches at accesses to shared memory, everywhere in a short program
  };

  /// A place at a system call where another thread may go on instead.
  enum class CallPlace : std::uint8_t {
    entry,
    exit,
    yield,  ///< the exit of sched_yield: the thread asks for it
  };

  /// What a place at a call is, as far as it matters here.
  struct CallSite {
    CallPlace place = CallPlace::exit;
    /// The call may wait for another thread, wake it or make it.
    bool synchronises = false;
  };

  /// `expected_ticks`: how long the program is, as far as its threads may meet; 0: not known. Sizes
  /// follow it.
  explicit Scheduler(std::uint64_t seed, Chaos chaos = Chaos::mixed,
                     std::uint64_t expected_ticks = 0);

  Strategy strategy() const { return strategy_; }

  /// Whether the dynamic loader counts ticks. Looking up a symbol takes some hundred of them, at
  /// the first call of nearly every function: the places where races are would be lost among these.
  bool counts_loader() const { return strategy_ == Strategy::plain; }

  /// Whether `running` should leave at this place. Asked only where there are other threads.
  bool leaves_at(Tid running, CallSite site);

  /// How many calls `running` may make that nobody is asked about, before it leaves at one
  /// (docs/decisions/0014): as likely after each of them as if leaves_at() had been asked. None:
  /// each call is asked about. When it has made them all, passed_all_calls() tells.
  std::optional<std::uint64_t> calls_in_process(Tid running);
  void passed_all_calls() { passed_all_calls_ = true; }

  /// A thread has run so far while there were others.
  void ran(std::uint64_t ticks);

  /// A thread that has used up its quantum leaves while others are ready.
  void preempted(Tid running);

  /// The thread that runs next. `ready`: not empty, and without `leaving`, which could go on as
  /// well (Tid() if there is none). May answer `leaving`.
  Tid next(std::span<const Tid> ready, Tid leaving);

  /// How many ticks `running` may run before it leaves: 1 to kLongestQuantum.
  std::uint64_t quantum(Tid running);

  /// Whether a thread that need not leave at this place walks on from it, to leave later.
  bool walks_from(CallSite site);

  /// A thread is about to leave, or to walk: how many of its next accesses to shared memory it is
  /// to make before it does, counting the one that it then leaves at; 0: it leaves at once.
  std::uint64_t accesses_before_leaving();
  /// The same, of a thread that has just left at an access, for when it returns.
  std::uint64_t accesses_after_return(Tid left);
  /// Whether only accesses by the program's own code count.
  bool prefers_own_code() const { return prefers_own_code_; }
  /// Whether an instruction that both loads and stores, at which a thread leaves, is to be split.
  bool splits() { return draw(split_share_); }
  /// So many single steps were made on the way to such an access.
  void walked(std::uint64_t steps);

  /// Whether a quantum that was begun before this call is drawn anew after it.
  bool renews_quantum(CallSite site) const;

  static constexpr std::uint64_t kLongestQuantum = 1 << 21;

 private:
  static Strategy drawn_strategy(std::mt19937_64& random, Chaos chaos);
  bool draw(double share);
  std::uint64_t draw_accesses(double share);
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  std::uint64_t log_uniform(unsigned first_bit, unsigned last_bit);
  std::uint64_t scaled(std::uint64_t ticks) const;
  unsigned number_of(Tid tid);
  unsigned bits_of(Tid tid);
  std::int64_t& priority_of(Tid tid);
  void lower(Tid tid);
  void age(std::span<const Tid> ready);
  void draw_change_point();
  unsigned drawn_length_bits(std::uint64_t expected_ticks);
  unsigned drawn_quantum_bits();
  void draw_walks();
  void draw_victim();
  bool starves(Tid tid);
  bool rests(Tid tid);

  std::mt19937_64 random_;
  Strategy strategy_;
  double call_share_ = 0;           ///< of the places at calls, how many are switches
  unsigned quantum_bits_ = 0;       ///< random quanta are shorter than 2^bits
  unsigned most_quantum_bits_ = 0;  ///< what is known of the program's length; 0: nothing
  unsigned length_bits_ = 0;        ///< the program is taken to be shorter than 2^bits ticks
  std::uint64_t switches_ = 0;      ///< at the end of a quantum, so far
  std::uint64_t passed_ = 0;        ///< places at calls since the last switch
  bool passed_all_calls_ = false;
  std::map<Tid, unsigned> numbers_;  ///< threads in the order in which they were seen

  // Places finer than counted ones, in every strategy but the plain one.
  double walk_share_ = 0;    ///< of the leaves, how many are on the way to an access
  double return_share_ = 0;  ///< of those that left so, how many do it again after their return
  unsigned walk_bits_ = 0;   ///< a walk has no more than 2^bits accesses
  bool prefers_own_code_ = true;
  double split_share_ = 0;
  std::uint64_t walked_ = 0;
  /// Threads that left at an access, and for how many decisions they stay away.
  std::map<Tid, std::uint64_t> resting_;

  // random
  bool each_its_own_ = false;     ///< bits are drawn for each thread
  std::map<Tid, unsigned> bits_;  ///< instead of quantum_bits_

  // priorities
  std::map<Tid, std::int64_t> priorities_;
  std::map<Tid, unsigned> passed_over_;  ///< decisions since a ready thread was chosen last
  std::int64_t lowest_ = 0;
  unsigned changes_left_ = 0;
  std::uint64_t change_in_calls_ = 0;  ///< places at calls until the next change; 0: ticks count
  std::uint64_t change_in_ticks_ = 0;

  // starve
  unsigned victim_ = 0;             ///< its number
  std::uint64_t stretch_left_ = 0;  ///< in decisions

  // after_sync
  bool just_synchronised_ = false;
};

}  // namespace ttrace
